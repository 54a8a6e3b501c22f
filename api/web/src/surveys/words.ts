/** A survey in words: its state, how far it is, and what a person may do about it. */
import { duration, percent } from '../i18n';
import { may } from '../session';
import type { Job, Survey, SurveyState } from '../types';
import type { Tone } from '../ui/Note';
import { surveyMessages as t } from './messages';

export const TONES: Record<SurveyState, Tone | 'plain'> = {
  uploading: 'info',
  checking: 'info',
  attention: 'warn',
  waiting: 'info',
  running: 'info',
  mapping: 'info',
  done: 'good',
  failed: 'bad',
  cancelled: 'plain',
  duplicate: 'plain',
};

/** The groups of states that the list can be narrowed to, as the server takes them. */
export const GROUPS = {
  all: [],
  open: ['uploading', 'checking', 'waiting', 'running', 'mapping'],
  attention: ['attention'],
  done: ['done'],
  stopped: ['failed', 'cancelled', 'duplicate'],
} as const satisfies Record<string, readonly SurveyState[]>;
export type Group = keyof typeof GROUPS;

export const STOPPABLE: readonly SurveyState[] = [
  'uploading',
  'checking',
  'attention',
  'waiting',
  'running',
  'mapping',
];
export const RETRYABLE: readonly SurveyState[] = ['failed', 'cancelled'];

type Key = Parameters<typeof t>[0];
const known = (key: string, otherwise: Key): Key => (key in t.tables.en ? (key as Key) : otherwise);

/** The server's reason why pictures can't be used; one that is new here is shown as it is. */
export const reasonWord = (reason: string): string =>
  `reason_${reason}` in t.tables.en ? t(`reason_${reason}` as Key) : reason;

/** What share of a survey's work is done, and in words; null while nobody can tell. */
export function howFar(job: Job | null): { share: number | null; text: string } | null {
  if (!job || (job.state !== 'running' && job.state !== 'queued')) return null;
  const stage = t(known(`stage_${job.stage}`, 'stage_other'));
  const share = job.done !== null && job.total ? Math.min(1, job.done / job.total) : null;
  const said = share === null ? stage : t('share', { stage, share: percent(share) });
  const eta = job.eta_s === null ? '' : ` · ${t('eta', { time: duration(job.eta_s) })}`;
  return { share, text: said.charAt(0).toUpperCase() + said.slice(1) + eta };
}

/** How much of a survey's files is at the server. */
export function received({ files }: Pick<Survey, 'files'>): { sent: number; size: number } {
  const those = files.filter((file) => file.state !== 'removed');
  return {
    sent: those.reduce((sum, file) => sum + (file.state === 'complete' ? file.size : file.received), 0),
    size: those.reduce((sum, file) => sum + file.size, 0),
  };
}

export interface Doable {
  go: boolean;
  addFile: boolean;
  check: boolean;
  cancel: boolean;
  retry: boolean;
  remove: boolean;
}

/** What may be done now, by who is here. */
export function doable(survey: Pick<Survey, 'state' | 'findings'>): Doable {
  const editor = may('editor');
  const attention = editor && survey.state === 'attention';
  const halted = attention || (editor && survey.state === 'failed');
  return {
    go: attention && survey.findings.every((finding) => finding.level !== 'stop'),
    addFile: halted,
    check: halted,
    cancel: editor && STOPPABLE.includes(survey.state),
    retry: editor && RETRYABLE.includes(survey.state),
    remove: may('admin'),
  };
}
