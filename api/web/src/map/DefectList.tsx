/** The damage of a segment, most weighty first, each with its picture. */
import { date, number, percent } from '../i18n';
import { about } from '../session';
import { HIDDEN_STATES } from './filters';
import { GREY, STATE_COLOURS } from './legend';
import { mapMessages as t, word } from './messages';
import { pictureAddress } from './Picture';
import { DotSwatch } from './Swatch';
import type { DefectProperties } from './types';
import { addressOf } from './view';
import { LANG_FIELD } from './words';

export function DefectList({ defects, seen }: { defects: readonly DefectProperties[]; seen: boolean }) {
  const there = defects.filter((one) => !HIDDEN_STATES.includes(one.state)).sort(byWeight);
  const hidden = defects.filter((one) => HIDDEN_STATES.includes(one.state)).sort(byWeight);
  return (
    <>
      {there.length === 0 ? <p>{t(seen ? 'defectsNone' : 'notSurveyedText')}</p> : <Cards defects={there} />}
      {hidden.length > 0 && (
        <details>
          <summary>{t('defectsHidden', { n: hidden.length })}</summary>
          <Cards defects={hidden} />
        </details>
      )}
    </>
  );
}

const byWeight = (a: DefectProperties, b: DefectProperties): number =>
  b.probability * b.area_m2 - a.probability * a.area_m2;

function Cards({ defects }: { defects: readonly DefectProperties[] }) {
  return (
    <ul class="map-cards">
      {defects.map((one) => (
        <li key={one.id}>
          <a class="map-row" href={addressOf({ defect: one.id })}>
            {one.picture ? (
              <img class="map-thumb" src={pictureAddress(one.picture)} alt="" loading="lazy" />
            ) : (
              <span class="map-thumb" />
            )}
            <span class="map-row-text">
              <strong>
                <ClassDot defect={one} /> {one[LANG_FIELD()]}
              </strong>
              <span>
                {t('sizeOf', { length: number(one.length_m, 1), width: number(one.width_m, 1) })} ·{' '}
                {percent(one.probability)}
              </span>
              <small>
                {word('state', one.state)}
                {one.last_seen && ` · ${date(one.last_seen)}`}
                {one.review && ` · ${word('review', one.review).toLowerCase()}`}
              </small>
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}

/** A defect's dot as on the map. */
export function ClassDot({ defect }: { defect: Pick<DefectProperties, 'class' | 'state'> }) {
  const colour = about.value?.classes.find((one) => one.name === defect.class)?.colour ?? GREY;
  const telling = defect.state === 'new' || defect.state === 'grown';
  return <DotSwatch colour={colour} ring={telling ? STATE_COLOURS[defect.state] : undefined} />;
}
