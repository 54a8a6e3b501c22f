import { useEffect, useRef, useState } from 'preact/hooks';
import { said } from '../api';
import { live, useEvent } from '../events';
import { dateTime, metres, number } from '../i18n';
import { useResource } from '../resource';
import { href, route, setQuery } from '../router';
import { may } from '../session';
import type { Survey } from '../types';
import { Button } from '../ui/Button';
import { Select } from '../ui/Field';
import { Icon } from '../ui/Icon';
import { Note } from '../ui/Note';
import { Empty, Loaded } from '../ui/States';
import { type Column, Table } from '../ui/Table';
import { toast } from '../ui/Toast';
import { useJobs } from './live';
import { surveyMessages as t } from './messages';
import { totalLength_m } from './redrive';
import { HowFar, StateBadge } from './State';
import { survey as ask, list, type SurveyPage } from './server';
import { GROUPS, type Group } from './words';

const isGroup = (text: string | null): text is Group => text !== null && text in GROUPS;
const GATHER_MS = 400;

export function SurveyList() {
  const asked = route.value.query.get('stand');
  const group = isGroup(asked) ? asked : 'all';
  return (
    <>
      <div class="page-head">
        <h1>{t('title')}</h1>
        {may('editor') && (
          <a class="button primary" href={href('insturen')}>
            <Icon name="upload" />
            {t('upload')}
          </a>
        )}
      </div>
      <p class="lead">{t('lead')}</p>
      <div class="survey-filter">
        <Select
          label={t('filter')}
          value={group}
          options={(Object.keys(GROUPS) as Group[]).map((value) => ({ value, label: t(`filter_${value}`) }))}
          onChange={(event) =>
            setQuery({ stand: event.currentTarget.value === 'all' ? null : event.currentTarget.value })
          }
        />
      </div>
      <NotLive />
      <Listed key={group} group={group} />
    </>
  );
}

const LATE_MS = 8000;

/** Says that what is shown may be old, once the news has been away for a while. */
export function NotLive() {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (live.value) return setLate(false);
    const timer = setTimeout(() => setLate(true), LATE_MS);
    return () => clearTimeout(timer);
  }, [live.value]);
  return <div role="status">{late && <Note tone="warn">{t('notLive')}</Note>}</div>;
}

function Listed({ group }: { group: Group }) {
  const first = useResource((signal) => list(GROUPS[group], null, signal), group);
  const [older, setOlder] = useState<readonly SurveyPage[]>([]);
  const [busy, setBusy] = useState(false);
  const withJob = useJobs();
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEvent('survey', ({ id }) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(first.reload, GATHER_MS);
    if (!older.some((page) => page.surveys.some((one) => one.id === id))) return;
    const replace = (by: Survey): void =>
      setOlder((pages) =>
        pages.map((page) => ({ ...page, surveys: page.surveys.map((one) => (one.id === by.id ? by : one)) })),
      );
    ask(id).then(replace, () => {}); // it was removed, or it is asked with the rest at the next event
  });
  useEvent('resync', first.reload);

  const more = async (before: string): Promise<void> => {
    setBusy(true);
    try {
      const page = await list(GROUPS[group], before);
      setOlder((pages) => [...pages, page]);
    } catch (error) {
      toast(said(error), 'bad');
    } finally {
      setBusy(false);
    }
  };
  return (
    <Loaded from={first}>
      {(page) => {
        const ids = new Set(page.surveys.map((one) => one.id));
        const rows = [...page.surveys, ...older.flatMap((other) => other.surveys).filter((one) => !ids.has(one.id))];
        const next = (older.at(-1) ?? page).next;
        return (
          <>
            {rows.length > 0 ? (
              <Table
                caption={t('caption')}
                captionHidden
                columns={columns()}
                rows={rows.map(withJob)}
                rowKey={(row) => row.id}
              />
            ) : (
              <Nothing group={group} />
            )}
            {next && <Button label={t('more')} disabled={busy} onClick={() => void more(next)} />}
          </>
        );
      }}
    </Loaded>
  );
}

const columns = (): Column<Survey>[] => [
  {
    key: 'name',
    title: t('name'),
    cell: (one) => (
      <span class="survey-name">
        <a href={href(`opnames/${encodeURIComponent(one.id)}`)}>{one.name}</a>
        <span class="hint">{t('by', { when: dateTime(one.created_utc), person: one.person })}</span>
      </span>
    ),
  },
  {
    key: 'state',
    title: t('state'),
    cell: (one) => (
      <div class="survey-state">
        <StateBadge survey={one} />
        <HowFar survey={one} />
      </div>
    ),
  },
  { key: 'driven', title: t('driven'), number: true, cell: ({ summary }) => figure(summary?.driven_m, metres) },
  { key: 'defects', title: t('defects'), number: true, cell: ({ summary }) => figure(summary?.defects, number) },
  {
    key: 'redrive',
    title: t('redriveShort'),
    number: true,
    cell: ({ summary }) => figure(summary?.redrive && totalLength_m(summary.redrive), metres),
  },
];

const figure = (value: number | undefined, write: (value: number) => string) =>
  value === undefined ? <span class="survey-nothing">{t('unknown')}</span> : write(value);

function Nothing({ group }: { group: Group }) {
  if (group !== 'all') return <p class="lead">{t('noneOf')}</p>;
  return (
    <Empty title={t('none')} icon="video">
      <p>{t('noneText')}</p>
    </Empty>
  );
}
