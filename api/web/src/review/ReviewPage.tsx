/** Defects that nobody reviewed, one at a time, each with one key per answer. */
import './review.css';
import { useEffect, useState } from 'preact/hooks';
import { personName } from '../api';
import { lang } from '../i18n';
import { word } from '../map/messages';
import { KINDS } from '../map/types';
import { LANG_FIELD } from '../map/words';
import { shellMessages } from '../messages';
import { route, setQuery } from '../router';
import { about, may } from '../session';
import { Button } from '../ui/Button';
import { Check, Field, Select } from '../ui/Field';
import { Note } from '../ui/Note';
import { ProgressBar } from '../ui/ProgressBar';
import { Empty, Failed, hasMap, Loading, NoMap } from '../ui/States';
import { Card } from './Card';
import { keys, useKeys } from './keys';
import { reviewMessages as t } from './messages';
import { type Reviewing, useQueue } from './useQueue';

export function ReviewPage() {
  if (hasMap() === undefined) return <Loading />;
  if (hasMap()) return <Review />;
  return (
    <>
      <h1>{shellMessages('review')}</h1>
      <NoMap />
    </>
  );
}

function Review() {
  const { query } = route.value;
  const kind = KINDS.find((one) => one === query.get('kind')) ?? '';
  const survey = query.get('survey') ?? '';
  const reviewing = useQueue(kind, survey);
  return (
    <>
      <div class="page-head review-head">
        <h1>{shellMessages('review')}</h1>
        <Select
          label={t('kind')}
          value={kind}
          options={[
            { value: '', label: t('allKinds') },
            ...KINDS.map((value) => ({ value, label: word('kind', value) })),
          ]}
          onChange={(event) => setQuery({ kind: event.currentTarget.value })}
        />
      </div>
      {survey && (
        <p>
          {t('oneSurvey')} <Button look="quiet" label={t('allSurveys')} onClick={() => setQuery({ survey: null })} />
        </p>
      )}
      {may('editor') ? <Who /> : <Note>{t('readOnly')}</Note>}
      <Defects reviewing={reviewing} />
      <div class="review-more">
        <p class="lead">{t('lead')}</p>
        {may('editor') && (
          <Check
            label={t('keys')}
            hint={t('keysHint')}
            checked={keys.value === 'on'}
            onChange={(event) => {
              keys.value = event.currentTarget.checked ? 'on' : 'off';
            }}
          />
        )}
      </div>
    </>
  );
}

/** Under whose name the decisions are kept. */
function Who() {
  const [asking] = useState(() => personName.peek().trim() === '');
  if (!about.value?.open) return <p class="hint">{t('as', { name: about.value?.person.name ?? '' })}</p>;
  if (!asking) return <p class="hint">{t('as', { name: personName.value })}</p>;
  return (
    <div class="review-who">
      <Field
        label={t('person')}
        hint={t('asNobody')}
        value={personName.value}
        maxLength={100}
        autoComplete="name"
        onInput={(event) => {
          personName.value = event.currentTarget.value;
        }}
      />
    </div>
  );
}

function Defects({ reviewing }: { reviewing: Reviewing }) {
  const { queue, error, retry } = reviewing;
  const classes = about.value?.classes ?? [];
  const first = queue.waiting[0];
  const [told, setTold] = useState('');
  const tell = (id: number, what: string): void => setTold(t('decided', { id: String(id), what }));
  const answer = (key: string): boolean => {
    if (!may('editor')) return false;
    if (key === 'u' && queue.done.length > 0) {
      tell(queue.done.at(-1)?.id ?? 0, word('decision', 'undo'));
      reviewing.undo();
      return true;
    }
    if (!first) return false;
    const other = classes[Number(key) - 1];
    if (key === 'a' || (other && other.name === first.class)) {
      tell(first.id, word('decision', 'accept'));
      reviewing.decide('accept');
    } else if (key === 'r') {
      tell(first.id, word('decision', 'reject'));
      reviewing.decide('reject');
    } else if (other) {
      tell(first.id, `${word('decision', 'relabel')} → ${other[LANG_FIELD()]}`);
      reviewing.decide('relabel', other.name);
    } else if (key === 's') {
      setTold('');
      reviewing.skip();
    } else return false;
    return true;
  };
  useKeys(answer);
  const now = first ? ` ${t('next', { id: String(first.id), class: first[LANG_FIELD()] })}` : '';
  useEffect(() => setTold(''), [lang.value]);
  if (error && !first) return <Failed error={error} retry={retry} />;
  if (queue.left === null) return <Loading />;
  const done = queue.done.length;
  const skipped = queue.skipped.length;
  return (
    <>
      <ProgressBar
        label={t('progress')}
        value={done}
        max={Math.max(done + queue.left, 1)}
        text={t(skipped > 0 ? 'progressSkipped' : 'progressText', { done, skipped, left: queue.left })}
      />
      <p class="visually-hidden" role="status">
        {told && told + now}
      </p>
      {first ? (
        <Card defect={first} next={queue.waiting[1]} classes={classes} answer={answer} undoable={done > 0} />
      ) : queue.left > skipped ? (
        <Loading />
      ) : (
        <Empty title={skipped > 0 ? t('skippedLeft', { n: skipped }) : t('none')} icon="check">
          {skipped > 0 ? (
            <Button look="primary" label={t('skippedLeft', { n: skipped })} onClick={reviewing.resume} />
          ) : (
            <p>{t('noneText')}</p>
          )}
          {done > 0 && <Button look="quiet" label={t('undo')} onClick={() => answer('u')} />}
        </Empty>
      )}
    </>
  );
}
