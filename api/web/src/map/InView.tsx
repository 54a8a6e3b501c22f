/** The segments in view as a list: what the map shows, for those who don't use the map. */
import type { Shown } from './engine';
import { mapMessages as t } from './messages';
import { SegmentRow } from './SegmentRow';
import { inView } from './stage';

const MOST = 100;

export function InView() {
  const rows = worstFirst(inView.value);
  if (rows.length === 0) return <p role="status">{t('inViewNone')}</p>;
  return (
    <>
      <p role="status">{t('inViewCount', { n: rows.length })}</p>
      <ol class="map-rows" aria-label={t('inView')}>
        {rows.slice(0, MOST).map((row) => (
          <SegmentRow key={row.segment_id} row={row} />
        ))}
      </ol>
      {rows.length > MOST && <p class="hint">{t('inViewMore', { n: rows.length - MOST })}</p>}
    </>
  );
}

/** Those with the lowest score first; then those without one, by name. */
export function worstFirst(rows: readonly Shown[]): Shown[] {
  const weight = (row: Shown): number => row.score ?? (row.status === 'not surveyed' ? 300 : 200);
  return [...rows].sort((a, b) => weight(a) - weight(b) || (a.name ?? '').localeCompare(b.name ?? ''));
}
