/** One damage: its best picture, its size and doubt, every time it was seen, and what people said of it. */
import { useEffect } from 'preact/hooks';
import { dateTime, percent } from '../i18n';
import type { About, MapInfo } from '../types';
import { Button } from '../ui/Button';
import { Note } from '../ui/Note';
import { Loaded, Loading } from '../ui/States';
import { Decide } from './Decide';
import { DefectFacts } from './DefectFacts';
import { ClassDot } from './DefectList';
import { useFollowing } from './following';
import { mapMessages as t, word } from './messages';
import { Picture } from './Picture';
import { ReviewList } from './ReviewList';
import { copyLink } from './SegmentPanel';
import { Sheet } from './Sheet';
import { defect } from './server';
import { arriveAt, engine } from './stage';
import type { DefectAnswer, Sight } from './types';
import { addressOf, change, view } from './view';
import { LANG_FIELD } from './words';

export function DefectPanel({ id, about, map }: { id: number; about: About; map: MapInfo }) {
  const answer = useFollowing((signal) => defect(id, signal), String(id), map.version);
  const known = answer.data?.properties;
  const running = engine.value;
  useEffect(() => {
    if (known && running) arriveAt([known.lon, known.lat, known.lon, known.lat]);
  }, [known?.id, running]);
  const { segment } = view.value;
  return (
    <Sheet
      side="detail"
      title={known ? known[LANG_FIELD()] : t('defect')}
      subject={`defect ${id} ${known ? '' : 'coming'}`}
      onClose={() => change({ segment: null, defect: null })}
      back={segment === null ? undefined : { label: t('toSegment'), go: () => change({ defect: null }) }}
      tools={<Button look="quiet" icon="link" iconOnly label={t('share')} onClick={() => void copyLink()} />}
    >
      {known || answer.error ? (
        <Loaded from={answer}>{(found) => <Defect answer={found} about={about} reload={answer.reload} />}</Loaded>
      ) : (
        <Loading label={t('defectLoading')} />
      )}
    </Sheet>
  );
}

function Defect({ answer, about, reload }: { answer: DefectAnswer; about: About; reload: () => void }) {
  const { properties: p, sights, reviews } = answer;
  const others = sights.filter((sight) => sight.picture !== p.picture);
  return (
    <>
      <p class="map-sub">
        <ClassDot defect={p} /> {t('defect')} {p.id} · {word('kind', p.kind)} · {word('state', p.state)}
      </p>
      <Picture key={p.picture} picture={p.picture} label={t('picture', { class: p[LANG_FIELD()].toLowerCase() })} />
      {p.segment_id === null ? (
        <Note tone="warn">{t('offNetwork', { why: word('unseen', p.reason) })}</Note>
      ) : (
        view.value.segment !== p.segment_id && (
          <p>
            <a href={addressOf({ segment: p.segment_id, defect: null })}>{t('toSegment')}</a>
          </p>
        )
      )}
      <h3>{t('review')}</h3>
      <Decide defect={p} classes={about.classes} onDecided={reload} />
      <ReviewList reviews={reviews} classes={about.classes} one />
      <h3>{t('facts')}</h3>
      <DefectFacts p={p} />
      {others.length > 0 && (
        <>
          <h3>{t('sightsOver')}</h3>
          <Sights sights={others} name={p[LANG_FIELD()].toLowerCase()} />
        </>
      )}
    </>
  );
}

/** The same damage at other times, newest first. */
function Sights({ sights, name }: { sights: readonly Sight[]; name: string }) {
  const newest = [...sights].sort((a, b) => (b.utc ?? '').localeCompare(a.utc ?? ''));
  return (
    <ul class="map-sights">
      {newest.map((sight) => (
        <li key={`${sight.survey_id} ${sight.picture} ${sight.utc}`}>
          <Picture picture={sight.picture} label={t('picture', { class: name })} />
          <small>
            {sight.utc && dateTime(sight.utc)} · {t('detection').toLowerCase()} {percent(sight.score)}
          </small>
        </li>
      ))}
    </ul>
  );
}
