/** One survey: how far it is, what was found, what came out, what to drive again. */
import { useEffect, useRef } from 'preact/hooks';
import { useEvent } from '../events';
import { dateTime } from '../i18n';
import { useResource } from '../resource';
import { href } from '../router';
import type { Survey } from '../types';
import { Icon } from '../ui/Icon';
import { Note } from '../ui/Note';
import { Loaded } from '../ui/States';
import { Actions } from './Actions';
import { FileTable } from './FileTable';
import { Findings } from './Findings';
import { useJobs } from './live';
import { surveyMessages as t } from './messages';
import { RedriveList, Summary } from './Outcome';
import { HowFar, StateBadge } from './State';
import { NotLive } from './SurveyList';
import { survey as ask } from './server';

const GATHER_MS = 300;

export function SurveyView({ id }: { id: string }) {
  const resource = useResource((signal) => ask(id, signal), id);
  const withJob = useJobs();
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const reload = (): void => {
    clearTimeout(timer.current);
    timer.current = setTimeout(resource.reload, GATHER_MS);
  };
  useEvent('survey', (changed) => changed.id === id && reload());
  useEvent('resync', reload);
  return (
    <>
      <p>
        <a class="survey-back" href={href('opnames')}>
          <Icon name="back" />
          {t('back')}
        </a>
      </p>
      {resource.data === undefined && <h1 class="visually-hidden">{t('title')}</h1>}
      <NotLive />
      <Loaded from={resource}>{(survey) => <Shown survey={withJob(survey)} reload={resource.reload} />}</Loaded>
    </>
  );
}

function Shown({ survey, reload }: { survey: Survey; reload: () => void }) {
  const { state, summary, findings, error } = survey;
  return (
    <>
      <div class="page-head">
        <h1>{survey.name}</h1>
        <StateBadge survey={survey} />
      </div>
      <p class="hint">{t('by', { when: dateTime(survey.created_utc), person: survey.person })}</p>
      <section class="card survey-now" aria-label={t('state')}>
        <p role="status">{t(`now_${state}`)}</p>
        {error && <Note tone="bad">{error}</Note>}
        <HowFar survey={survey} />
        <Actions survey={survey} reload={reload} />
      </section>
      {(findings.length > 0 || state === 'attention') && (
        <section class="survey-part">
          <h2>{t('findings')}</h2>
          {findings.length > 0 ? <Findings findings={findings} /> : <p>{t('allGood')}</p>}
        </section>
      )}
      {summary && <Summary summary={summary} />}
      {summary?.redrive && <RedriveList name={survey.name} stretches={summary.redrive} />}
      <FileTable survey={survey} reload={reload} />
    </>
  );
}
