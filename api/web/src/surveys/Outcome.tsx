/** What came out of a survey: how much was driven and seen, and what has to be driven again. */
import { metres, number, percent } from '../i18n';
import type { Redrive, SurveySummary } from '../types';
import { Button } from '../ui/Button';
import { Table } from '../ui/Table';
import { surveyMessages as t } from './messages';
import { gpx, onMap, totalLength_m } from './redrive';
import { reasonWord } from './words';

export function Summary({ summary }: { summary: SurveySummary }) {
  const { frames, unusable = 0, driven_m, defects, notes = [] } = summary;
  const reasons = Object.entries(summary.quality ?? {}).sort(([, a], [, b]) => b - a);
  return (
    <section class="survey-part">
      <h2>{t('summary')}</h2>
      <dl class="survey-figures">
        {driven_m !== undefined && <Figure term={t('driven')} value={metres(driven_m)} />}
        {defects !== undefined && <Figure term={t('defects')} value={number(defects)} />}
        {frames !== undefined && <Figure term={t('frames')} value={number(frames)} />}
        {frames ? (
          <Figure term={t('usable')} value={t('usableOf', { share: percent(1 - unusable / frames), n: unusable })} />
        ) : null}
        {reasons.length > 0 && (
          <Figure
            term={t('whyNot')}
            value={reasons.map(([reason, n]) => t('why', { reason: reasonWord(reason), n })).join(', ')}
          />
        )}
      </dl>
      {notes.length > 0 && (
        <>
          <h3>{t('notes')}</h3>
          <ul>
            {notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

const Figure = ({ term, value }: { term: string; value: string }) => (
  <div>
    <dt>{term}</dt>
    <dd>{value}</dd>
  </div>
);

export function RedriveList({ name, stretches }: { name: string; stretches: readonly Redrive[] }) {
  const placed = stretches.some((stretch) => onMap(stretch));
  const rows = stretches.map((stretch, i) => ({ ...stretch, n: i + 1 }));
  return (
    <section class="survey-part">
      <h2>{t('redrive')}</h2>
      {rows.length === 0 ? (
        <p>{t('redriveNone')}</p>
      ) : (
        <>
          <p class="lead">{t('redriveLead', { n: rows.length, length: metres(totalLength_m(stretches)) })}</p>
          <Table
            caption={t('redrive')}
            captionHidden
            rows={rows}
            rowKey={(row) => row.n}
            columns={[
              { key: 'where', title: t('redriveWhere'), cell: (row) => `${metres(row.from_m)} – ${metres(row.to_m)}` },
              { key: 'length', title: t('redriveLength'), number: true, cell: (row) => metres(row.to_m - row.from_m) },
              { key: 'why', title: t('redriveWhy'), cell: (row) => reasonWord(row.reason) },
              { key: 'map', title: t('redriveMap'), cell: MapLink },
            ]}
          />
          {placed && (
            <Button
              icon="download"
              label={t('redriveGpx')}
              onClick={() => save(`${name}.gpx`, asGpx(name, stretches))}
            />
          )}
        </>
      )}
    </section>
  );
}

function MapLink(row: Redrive & { n: number }) {
  const place = onMap(row);
  return place ? (
    <a href={place} aria-label={t('redriveMapOf', { n: row.n })}>
      {t('showOnMap')}
    </a>
  ) : (
    t('unknown')
  );
}

const asGpx = (name: string, stretches: readonly Redrive[]): string =>
  gpx(
    t('gpxName', { name }),
    stretches,
    ({ from_m, to_m, reason }) => `${metres(to_m - from_m)}: ${reasonWord(reason)}`,
  );

function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/gpx+xml' }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000); // Safari reads it later
}
