/** Two days side by side: what got worse or better, and what can't be compared. The map shows the same. */
import { date, metres, number } from '../i18n';
import { type Resource, useResource } from '../resource';
import { about } from '../session';
import { Button } from '../ui/Button';
import { Select } from '../ui/Field';
import { Loaded } from '../ui/States';
import { CHANGE_COLOURS, GREY } from './legend';
import { mapMessages as t, word } from './messages';
import { DotSwatch } from './Swatch';
import { type Comparison, surveyDays } from './server';
import { CHANGES, DEFECT_CHANGES } from './types';
import { addressOf, change, view } from './view';

const MOST = 100;

export function ComparePanel({ comparison }: { comparison: Resource<Comparison | null> }) {
  const { before, after } = view.value;
  const days = useResource(surveyDays, `days ${about.value?.map?.version}`);
  return (
    <>
      <p class="hint">{t('compareLead')}</p>
      <Loaded from={days}>
        {(known) =>
          known.length < 2 && !before && !after ? (
            <p>{t('compareOne')}</p>
          ) : (
            <>
              <div class="map-pair">
                <Day part="before" value={before} known={known} />
                <Day part="after" value={after} known={known} />
              </div>
              {before && after && before < after ? (
                <Loaded from={comparison}>{(found) => found && <Outcome found={found} />}</Loaded>
              ) : (
                (before || after) && <p role="status">{t('compareAsk')}</p>
              )}
              {!before && !after && (
                <Button
                  look="primary"
                  label={t('compareAll')}
                  onClick={() => change({ before: known[0] ?? '', after: known.at(-1) ?? '' })}
                />
              )}
            </>
          )
        }
      </Loaded>
    </>
  );
}

/** One of the days on which was driven; also the one in the address, whatever that is. */
function Day({ part, value, known }: { part: 'before' | 'after'; value: string; known: readonly string[] }) {
  const days = [...new Set([...known, ...(value ? [value] : [])])].sort();
  return (
    <Select
      label={t(part)}
      value={value}
      options={[{ value: '', label: t('chooseDay') }, ...days.map((day) => ({ value: day, label: date(day) }))]}
      onChange={(event) => change({ [part]: event.currentTarget.value })}
    />
  );
}

function Outcome({ found: { summary, segments, defects } }: { found: Comparison }) {
  const clear = segments.features
    .map(({ properties }) => properties as Changed)
    .filter((row) => row.change === 'worse' || row.change === 'better')
    .sort((a, b) => (a.score_change ?? 0) - (b.score_change ?? 0));
  return (
    <>
      <h3>{t('compareSegments')}</h3>
      <Counts changes={CHANGES} counts={summary.segments} />
      <p class="hint">{t('comparable', { length: metres(summary.comparable_m) })}</p>
      <h3>{t('compareDefects')}</h3>
      <Counts changes={DEFECT_CHANGES} counts={summary.defects} />
      {clear.length === 0 && defects.features.length === 0 && <p>{t('compareNone')}</p>}
      {clear.length > 0 && (
        <ol class="map-rows" aria-label={t('compareSegments')}>
          {clear.slice(0, MOST).map((row) => (
            <li key={row.segment_id}>
              <a class="map-row" href={addressOf({ segment: row.segment_id, defect: null })}>
                <span class="map-row-text">
                  <strong>{row.name || `${t('segment')} ${row.segment_id}`}</strong>
                  <span class="map-verdict">
                    <DotSwatch colour={CHANGE_COLOURS[row.change] ?? GREY} />
                    {word('change', row.change)}
                  </span>
                  <small>
                    {t('scoreFromTo', { before: number(row.score_before ?? 0), after: number(row.score_after ?? 0) })} (
                    {t('scoreDoubt', { sigma: number(row.score_change_sigma ?? 0) })})
                  </small>
                </span>
              </a>
            </li>
          ))}
        </ol>
      )}
      {clear.length > MOST && <p class="hint">{t('compareMore', { n: clear.length - MOST })}</p>}
      <Button look="plain" label={t('compareStop')} onClick={() => change({ before: '', after: '', panel: null })} />
    </>
  );
}

interface Changed {
  segment_id: string;
  name: string | null;
  change: string;
  score_before: number | null;
  score_after: number | null;
  score_change: number | null;
  score_change_sigma: number | null;
}

function Counts({ changes, counts }: { changes: readonly string[]; counts: Record<string, number> }) {
  return (
    <ul class="map-counts">
      {changes.map((one) => (
        <li key={one}>
          <DotSwatch colour={CHANGE_COLOURS[one] ?? GREY} />
          <span>{word('change', one)}</span>
          <span class="count">{number(counts[one] ?? 0)}</span>
        </li>
      ))}
    </ul>
  );
}
