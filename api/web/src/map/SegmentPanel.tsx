/** What is known of one segment: its grade and why, what was seen, how it went, and the damage behind it. */
import { useEffect } from 'preact/hooks';
import { address } from '../api';
import { date, metres, percent } from '../i18n';
import type { About, MapInfo } from '../types';
import { Button } from '../ui/Button';
import { Note } from '../ui/Note';
import { Loaded, Loading } from '../ui/States';
import { toast } from '../ui/Toast';
import { boxOf } from './boxes';
import { CoverageStrip } from './CoverageStrip';
import { DefectList } from './DefectList';
import { useFollowing } from './following';
import { Grade } from './Grade';
import { History } from './History';
import { mapMessages as t } from './messages';
import { ReviewList } from './ReviewList';
import { Sheet } from './Sheet';
import { history, segment } from './server';
import { arriveAt, engine } from './stage';
import { stretchesOf } from './stretches';
import type { SegmentAnswer, SegmentProperties } from './types';
import { change } from './view';
import { Why } from './Why';

export function SegmentPanel({ id, about, map }: { id: string; about: About; map: MapInfo }) {
  const answer = useFollowing((signal) => segment(id, signal), id, map.version);
  const known = answer.data;
  const running = engine.value;
  useEffect(() => {
    if (known && running) arriveAt(boxOf(known.geometry.coordinates));
  }, [known?.properties.segment_id, running]);
  const name = known?.properties.name || t('segment');
  return (
    <Sheet
      side="detail"
      title={name}
      subject={`segment ${id} ${known ? '' : 'coming'}`}
      onClose={() => change({ segment: null, defect: null })}
      tools={<Button look="quiet" icon="link" iconOnly label={t('share')} onClick={() => void copyLink()} />}
    >
      {known || answer.error ? (
        <Loaded from={answer}>{(found) => <Segment answer={found} about={about} map={map} />}</Loaded>
      ) : (
        <Loading label={t('segmentLoading')} />
      )}
    </Sheet>
  );
}

export async function copyLink(): Promise<void> {
  try {
    await navigator.clipboard.writeText(location.href);
    toast(t('copied'), 'good');
  } catch {
    toast(t('copyFailed'), 'bad');
  }
}

function Segment({ answer, about, map }: { answer: SegmentAnswer; about: About; map: MapInfo }) {
  const p = answer.properties;
  const moments = useFollowing((signal) => history(p.segment_id, signal), `history ${p.segment_id}`, map.version);
  return (
    <>
      <p class="map-sub">
        {t('segment')} {p.segment_id} · {metres(p.length_m)} · {t('visits', { n: p.visits })}
        {p.last_surveyed && ` · ${t('lastSurveyed').toLowerCase()} ${date(p.last_surveyed)}`}
      </p>
      {p.status === 'graded' ? <Grade p={p} grades={about.grades} /> : <NoGrade p={p} map={map} />}
      {p.status === 'graded' && <Why p={p} />}
      <h3>{t('coverage')}</h3>
      {p.status !== 'not surveyed' && (
        <p>{t('coverageLead', { p: percent(p.coverage), seen: metres(p.covered_m), length: metres(p.length_m) })}</p>
      )}
      <CoverageStrip stretches={stretchesOf(answer.coverage, p.length_m)} length_m={p.length_m} />
      <h3>{t('history')}</h3>
      <Loaded from={moments}>{(found) => <History moments={found.moments} />}</Loaded>
      <h3>{t('defects')}</h3>
      <DefectList defects={answer.defects} seen={p.status !== 'not surveyed'} />
      <ReviewList reviews={answer.reviews} classes={about.classes} />
      <p>
        <a href={address(`ogc/collections/segments/items/${encodeURIComponent(p.segment_id)}`)}>{t('ogcItem')}</a>
      </p>
    </>
  );
}

function NoGrade({ p, map }: { p: SegmentProperties; map: MapInfo }) {
  const share = { p: percent(p.coverage), seen: metres(p.covered_m), length: metres(p.length_m) };
  return p.status === 'not surveyed' ? (
    <Note tone="warn" label={t('notSurveyed')}>
      <p>
        {t('notSurveyedText')} {map.to_utc && t('nearestMap', { date: date(map.to_utc) })}
      </p>
    </Note>
  ) : (
    <Note tone="warn" label={t('littleSeen')}>
      <p>
        {t('littleSeenText', share)} {p.last_surveyed && t('nearestSurvey', { date: date(p.last_surveyed) })}
      </p>
    </Note>
  );
}
