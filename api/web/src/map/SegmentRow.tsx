/** One segment in a list: a link that chooses it, with its verdict in colour, pattern and words. */
import type { ComponentChildren } from 'preact';
import { number } from '../i18n';
import { about } from '../session';
import { NOT_SURVEYED, TOO_LITTLE, themeOf } from './legend';
import { mapMessages as t, word } from './messages';
import { LineSwatch } from './Swatch';
import type { SegmentProperties } from './types';
import { addressOf } from './view';

type Row = Pick<SegmentProperties, 'segment_id' | 'name' | 'status' | 'grade' | 'score'>;

export function SegmentRow({
  row,
  lead,
  children,
}: {
  row: Row;
  lead?: ComponentChildren;
  children?: ComponentChildren;
}) {
  return (
    <li>
      <a class="map-row" href={addressOf({ segment: row.segment_id, defect: null })}>
        {lead}
        <span class="map-row-text">
          <strong>{row.name || `${t('segment')} ${row.segment_id}`}</strong>
          <Verdict row={row} />
          {children}
        </span>
      </a>
    </li>
  );
}

/** The grade and score, or why there is none. */
export function Verdict({ row }: { row: Pick<Row, 'status' | 'grade' | 'score'> }) {
  return (
    <span class="map-verdict">
      <LineSwatch entry={entryOf(row)} />
      {row.grade ? word('grade', row.grade) : word('status', row.status)}
      {row.score !== null && ` · ${number(row.score)}`}
    </span>
  );
}

/** How the map draws such a segment in the mode `condition`. */
export function entryOf(row: Pick<Row, 'status' | 'grade'>) {
  if (row.status === 'not surveyed') return NOT_SURVEYED;
  const { entries } = themeOf('condition', about.value?.grades ?? []);
  return entries.find((entry) => entry.value === row.grade) ?? TOO_LITTLE;
}
