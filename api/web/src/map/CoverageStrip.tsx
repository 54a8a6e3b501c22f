/** What part of a segment was seen, along its length; in words for what was not. */
import { number } from '../i18n';
import { mapMessages as t, word } from './messages';
import type { Stretch } from './stretches';

export function CoverageStrip({ stretches, length_m }: { stretches: readonly Stretch[]; length_m: number }) {
  const unseen = stretches.filter((stretch) => stretch.what !== 'seen');
  return (
    <>
      <div class="map-strip" aria-hidden="true">
        {stretches.map((stretch) => (
          <span
            key={stretch.from_m}
            class={stretch.what}
            style={{ width: `${(100 * (stretch.to_m - stretch.from_m)) / length_m}%` }}
            title={`${fromTo(stretch)}: ${what(stretch)}`}
          />
        ))}
      </div>
      <div class="map-strip-ends" aria-hidden="true">
        <span>0 m</span>
        <span>{number(Math.round(length_m))} m</span>
      </div>
      {unseen.length === 0 ? (
        <p>{t('coverageAll')}</p>
      ) : (
        <ul class="map-unseen">
          {unseen.map((stretch) => (
            <li key={stretch.from_m}>
              <span class={`map-strip-key ${stretch.what}`} aria-hidden="true" />
              {fromTo(stretch)}: {what(stretch)}
            </li>
          ))}
        </ul>
      )}
      <p class="hint">{t('along')}</p>
    </>
  );
}

const fromTo = ({ from_m, to_m }: Stretch): string =>
  t('metresFromTo', { from: number(Math.round(from_m)), to: number(Math.round(to_m)) });

const what = ({ what: kind, reason }: Stretch): string => {
  if (kind === 'seen') return t('seen stretch');
  return kind === 'never' ? t('never stretch') : word('unseen', reason ?? 'not usable');
};
