/** The surveys that this tab sends: goes on while other pages are shown. */
import { computed, effect, signal } from '@preact/signals';
import { ApiError, get, post, remove } from '../api';
import { on } from '../events';
import { about } from '../session';
import type { Survey, SurveyFile, SurveyOptions } from '../types';
import { activity } from './activity';
import { stayAwake } from './awake';
import { type Drive, group, type Picked, roleOf } from './grouping';
import { forget, keep, match, recall, reopen } from './memory';
import { Speed } from './speed';
import { giveUp, transfer } from './transfer';
import { pack, type Zip, zips } from './zip';

/** missing: known to the server, but this tab doesn't have the file (yet). */
export type FileState = 'missing' | 'queued' | 'sending' | 'waiting' | 'failed' | 'done';

export interface Sent {
  id: string;
  name: string;
  size: number;
  sent: number;
  state: FileState;
  /** Bytes per second. */
  rate: number | null;
  error: string | null;
}

export interface Sending {
  survey: Survey;
  paused: boolean;
  files: Sent[];
}

/** Two or three fill a connection; more only make each of them later, and a browser allows six to one server. */
const AT_ONCE = 3;

export const sendings = signal<readonly Sending[]>([]);
/** Whether bytes go now, or will without anyone doing something. */
export const busy = computed(() => sendings.value.some((one) => !one.paused && one.files.some(goes)));
const goes = ({ state }: Sent): boolean => state === 'queued' || state === 'sending' || state === 'waiting';

const files = new Map<string, File>();
const uploads = new Map<string, string>();
const running = new Map<string, () => void>();
const offline = new Set<string>();

effect(() => stayAwake(busy.value));
effect(() => {
  const all = sendings.value
    .filter((one) => one.files.some((file) => file.state !== 'done'))
    .flatMap((one) => one.files);
  const size = all.reduce((sum, file) => sum + file.size, 0);
  activity.value = size ? { sent: all.reduce((sum, file) => sum + file.sent, 0), size } : null;
});

const find = (id: string): Sending | undefined => sendings.peek().find((one) => one.survey.id === id);

function change(id: string, part: Partial<Omit<Sending, 'files'>>): void {
  sendings.value = sendings.peek().map((one) => (one.survey.id === id ? { ...one, ...part } : one));
}

function changeFile(id: string, part: Partial<Sent>): void {
  sendings.value = sendings
    .peek()
    .map((one) =>
      one.files.some((file) => file.id === id)
        ? { ...one, files: one.files.map((file) => (file.id === id ? { ...file, ...part } : file)) }
        : one,
    );
}

/** Announce a drive and start sending it. `told` hears how many of its photos are packed. */
export async function start(
  drive: Pick<Drive, 'name' | 'files' | 'folder'>,
  options: SurveyOptions,
  told: (done: number) => void = () => {},
): Promise<void> {
  const name = drive.name.trim();
  const photos = drive.files.filter(({ path }) => roleOf(path) === 'photo');
  const picked = drive.files.filter((one) => !photos.includes(one));
  let before = 0;
  for (const zip of zipsOf(drive.folder, photos)) {
    picked.push(await asPicked(zip, (done) => told(before + done)));
    before += zip.photos.length;
  }
  const announced = picked.map(({ file }) => ({ name: file.name, size: file.size }));
  const survey = await post<Survey>('v1/surveys', { name, options, files: announced });
  await keep(survey.id, survey.name, picked);
  const left = [...picked];
  const found = new Map<string, Picked>();
  for (const file of survey.files) {
    const at = left.findIndex((one) => one.file.name === file.name && one.file.size === file.size);
    const [one] = at < 0 ? [] : left.splice(at, 1);
    if (one) found.set(file.id, one);
  }
  follow(survey);
  supply(survey.id, found);
}

/** Add a file to a survey that the server has already. */
export async function startMore(id: string, picked: Picked): Promise<void> {
  const { name, size } = picked.file;
  const survey = await post<Survey>(`v1/surveys/${id}/files`, { name, size });
  const added = survey.files.findLast((file) => file.name === name && file.size === size && file.state === 'announced');
  follow(survey);
  if (added) supply(id, new Map([[added.id, picked]]));
}

/** Put a survey and its files among those that are sent; what is new is missing until it is supplied. */
function follow(survey: Survey): void {
  const known = find(survey.id);
  for (const file of survey.files) if (file.upload) uploads.set(file.id, file.upload);
  const there = survey.files.filter((file) => file.state !== 'removed');
  const those = there.map((file) => known?.files.find((one) => one.id === file.id) ?? asSent(file));
  const sending = { survey, paused: known?.paused ?? false, files: those };
  sendings.value = [...sendings.peek().filter((one) => one !== known), sending];
}

const asSent = ({ id, name, size, received, state }: SurveyFile): Sent => ({
  id,
  name,
  size,
  sent: state === 'complete' ? size : received,
  state: state === 'complete' ? 'done' : 'missing',
  rate: null,
  error: null,
});

/** Give the files of a survey, by the id of each. */
function supply(id: string, given: ReadonlyMap<string, Picked>): void {
  for (const [file, { file: data }] of given) {
    if (find(id)?.files.find((one) => one.id === file)?.state === 'done') continue;
    files.set(file, data);
    changeFile(file, { state: 'queued', error: null });
  }
  pump();
}

/** Start what may start now. */
function pump(): void {
  for (const { paused, files: those } of sendings.peek()) {
    for (const one of paused ? [] : those) {
      if (running.size >= AT_ONCE) return;
      if (one.state === 'queued' && !running.has(one.id)) begin(one);
    }
  }
}

function begin({ id, sent }: Sent): void {
  const [file, upload] = [files.get(id), uploads.get(id)];
  if (!file || !upload) {
    changeFile(id, { state: 'missing' });
    return;
  }
  const speed = new Speed();
  speed.note(sent);
  changeFile(id, { state: 'sending', error: null, rate: null });
  const ended = (part: Partial<Sent>): void => {
    running.delete(id);
    changeFile(id, { ...part, rate: null });
    pump();
  };
  running.set(
    id,
    transfer(file, upload, {
      progress: (bytes) => {
        speed.note(bytes);
        changeFile(id, { sent: bytes, state: 'sending', rate: speed.rate() });
      },
      waiting: () => changeFile(id, { state: 'waiting', rate: null }),
      done: () => {
        ended({ state: 'done', sent: file.size });
        files.delete(id);
        const whole = sendings.peek().find((one) => one.files.some((other) => other.id === id));
        if (whole?.files.every((other) => other.state === 'done')) void arrived(whole.survey.id);
      },
      failed: (error, notReached) => {
        if (notReached) offline.add(id);
        ended({ state: 'failed', error });
      },
    }),
  );
}

async function arrived(id: string): Promise<void> {
  await forget(id);
  await refresh(id);
}

async function refresh(id: string): Promise<void> {
  try {
    change(id, { survey: await get<Survey>(`v1/surveys/${id}`) });
  } catch {
    // shown as it was; the next event asks again
  }
}

const stop = (file: string): void => {
  running.get(file)?.();
  running.delete(file);
};

export function pause(id: string): void {
  for (const file of find(id)?.files ?? []) {
    if (!running.has(file.id)) continue;
    stop(file.id);
    changeFile(file.id, { state: 'queued', rate: null });
  }
  change(id, { paused: true });
  pump();
}

export function resume(id: string): void {
  change(id, { paused: false });
  pump();
}

/** Try a file that failed once more. */
export function again(file: string): void {
  offline.delete(file);
  changeFile(file, { state: files.has(file) ? 'queued' : 'missing', error: null });
  pump();
}

globalThis.addEventListener?.('online', () => {
  for (const file of offline) again(file);
});

/** Send the survey without a file that can't be found any more. */
export async function leaveOut(id: string, file: string): Promise<void> {
  stop(file);
  await remove(`v1/surveys/${id}/files/${file}`);
  sendings.value = sendings
    .peek()
    .map((one) => (one.survey.id === id ? { ...one, files: one.files.filter((other) => other.id !== file) } : one));
  if (find(id)?.files.every((one) => one.state === 'done')) await arrived(id);
  pump();
}

/** Stop sending; what arrived is thrown away, and with its last file the survey. */
export async function cancel(id: string): Promise<void> {
  const those = find(id)?.files ?? [];
  for (const file of those) stop(file.id);
  for (const file of those) if (file.state === 'done') await remove(`v1/surveys/${id}/files/${file.id}`);
  for (const file of those) {
    const upload = uploads.get(file.id);
    if (file.state !== 'done' && upload) await giveUp(upload);
  }
  await forget(id);
  dismiss(id);
  pump();
}

/** Show it here no longer. */
export function dismiss(id: string): void {
  for (const file of find(id)?.files ?? []) files.delete(file.id);
  sendings.value = sendings.peek().filter((one) => one.survey.id !== id);
}

/** Find what was being sent before a reload; what can be read without asking goes on by itself. */
export async function restore(): Promise<void> {
  for (const kept of await recall()) {
    if (find(kept.id)) continue;
    try {
      const survey = await get<Survey>(`v1/surveys/${kept.id}`);
      if (survey.state !== 'uploading') await forget(kept.id);
      else {
        follow(survey);
        await goOn(await reopen(kept, false));
      }
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) await forget(kept.id);
    }
  }
}

/** Ask the browser for the files of a survey again. Needs a click before it. False: the person has to choose them. */
export async function reopenFiles(id: string): Promise<boolean> {
  const kept = (await recall()).find((one) => one.id === id);
  if (kept) await goOn(await reopen(kept, true));
  return find(id)?.files.every((file) => file.state !== 'missing') ?? true;
}

export interface GoneOn {
  /** Names of the surveys that go on. */
  resumed: string[];
  /** Files that no survey waits for. */
  fresh: Picked[];
  /** Names of files that were changed since a part of them was sent. */
  changed: string[];
}

/** Give every picked file to the survey that waits for it. */
export async function goOn(picked: readonly Picked[]): Promise<GoneOn> {
  if (picked.length === 0) return { resumed: [], fresh: [], changed: [] };
  const memory = await recall();
  const unfinished = await waitingForFiles();
  const { packed, others } = await packWanted(picked, unfinished);
  const { matches, fresh, changed } = match([...others, ...packed], unfinished, memory);
  const resumed: string[] = [];
  for (const { survey, files: those } of matches) {
    const missing = new Map([...those].filter(([file]) => !files.has(file)));
    if (missing.size === 0) continue;
    follow(survey);
    supply(survey.id, missing);
    resumed.push(survey.name);
  }
  return { resumed, fresh, changed: changed.map((one) => one.file.name) };
}

/** The picked photos that an unfinished survey waits for as a zip, as that zip. */
async function packWanted(
  picked: readonly Picked[],
  unfinished: readonly Survey[],
): Promise<{ packed: Picked[]; others: Picked[] }> {
  const photos = picked.filter(({ path }) => roleOf(path) === 'photo');
  const wanted = unfinished.flatMap((survey) => survey.files).filter((file) => file.name.endsWith('.zip'));
  const { drives } = group(photos, { upload_bytes: Number.POSITIVE_INFINITY });
  const made = drives
    .flatMap((one) => zipsOf(one.folder, one.files))
    .filter((zip) => wanted.some((file) => file.name === zip.name && file.size === zip.size));
  const used = new Set(made.flatMap((zip) => zip.photos));
  const packed: Picked[] = [];
  for (const zip of made) packed.push(await asPicked(zip));
  return { packed, others: picked.filter((one) => !used.has(one)) };
}

const zipsOf = (folder: string, photos: readonly Picked[]): Zip[] =>
  zips(folder, photos, about.peek()?.limits.zip_files);
const asPicked = async (zip: Zip, told?: (done: number) => void): Promise<Picked> => {
  const file = await pack(zip, told);
  return { file, path: file.name };
};

/** Unfinished surveys: those that another device began too, or only this tab's when the server can't be asked. */
async function waitingForFiles(): Promise<Survey[]> {
  try {
    return (await get<{ surveys: Survey[] }>('v1/surveys?state=uploading&limit=200')).surveys;
  } catch {
    return sendings.peek().map((one) => one.survey);
  }
}

on('survey', ({ id }) => void (find(id) && refresh(id)));
on('resync', () => {
  for (const { survey } of sendings.peek()) void refresh(survey.id);
});
