/** What was measured of one damage, each with its doubt. */
import { date, number, percent, squareMetres } from '../i18n';
import { mapMessages as t, word } from './messages';
import type { DefectProperties } from './types';

export function DefectFacts({ p }: { p: DefectProperties }) {
  const share = t('sigma', { p: percent(p.size_sigma) });
  return (
    <dl class="facts">
      <dt>{t('chance')}</dt>
      <dd>
        {percent(p.probability)} <small>{t('chanceOf')}</small>
      </dd>
      <dt>{t('size')}</dt>
      <dd>
        {t('sizeOf', { length: number(p.length_m, 2), width: number(p.width_m, 2) })} <small>{share}</small>
      </dd>
      <dt>{t('area')}</dt>
      <dd>{squareMetres(p.area_m2)}</dd>
      <dt>{t('place')}</dt>
      <dd>
        {p.offset_m !== null && `${t('placeOf', { offset: number(p.offset_m, 1), side: word('side', p.side) })} `}
        <small>{t('sigmaMetres', { m: number(p.place_sigma_m, 1) })}</small>
      </dd>
      {p.lane_position && (
        <>
          <dt>{t('lane')}</dt>
          <dd>{word('lane', p.lane_position)}</dd>
        </>
      )}
      {p.growth !== null && (
        <>
          <dt>{t('growth')}</dt>
          <dd>{(p.growth > 0 ? '+' : '') + percent(p.growth)}</dd>
        </>
      )}
      {p.first_seen && (
        <>
          <dt>{t('firstSeen')}</dt>
          <dd>{date(p.first_seen)}</dd>
        </>
      )}
      {p.last_seen && (
        <>
          <dt>{t('lastSeen')}</dt>
          <dd>{date(p.last_seen)}</dd>
        </>
      )}
      <dt>{t('evidence')}</dt>
      <dd>
        {t('sights', { n: p.sights })}, {t('looks', { n: p.looks })}
        {p.missed > 0 && `; ${t('missed', { n: p.missed })}`}
      </dd>
      <dt>{t('detection')}</dt>
      <dd>{percent(p.score)}</dd>
    </dl>
  );
}
