/**
 * What this browser is sending, kept in IndexedDB: after a reload (or a flat battery) the same files are known again.
 * How far each file got, the server knows.
 */
import type { Survey } from '../types';
import type { Picked } from './grouping';

export interface KeptFile {
  name: string;
  size: number;
  modified: number;
  /** Chromium can give the file again when the person allows it. */
  handle?: FileSystemFileHandle;
}

export interface Kept {
  /** The survey's id. */
  id: string;
  name: string;
  files: KeptFile[];
  announced: number;
}

const NAME = 'schouw-upload';
const STORE = 'surveys';
const KEPT_DAYS = 30;

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function run<T>(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> {
  let database: IDBDatabase | undefined;
  try {
    database = await open();
    const request = ask(database.transaction(STORE, mode).objectStore(STORE));
    return await new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  } catch {
    return undefined; // a private window: nothing is remembered, and picking the files again still goes on
  } finally {
    database?.close();
  }
}

export async function keep(id: string, name: string, files: readonly Picked[], now = Date.now()): Promise<void> {
  const kept = files.map(({ file, handle }) => ({
    name: file.name,
    size: file.size,
    modified: file.lastModified,
    ...(handle && { handle }),
  }));
  await run('readwrite', (store) => store.put({ id, name, files: kept, announced: now } satisfies Kept));
}

export async function forget(id: string): Promise<void> {
  await run('readwrite', (store) => store.delete(id));
}

/** Everything that is remembered, newest first; what is too old is forgotten. */
export async function recall(now = Date.now()): Promise<Kept[]> {
  const all = ((await run('readonly', (store) => store.getAll())) ?? []) as Kept[];
  const old = all.filter((one) => now - one.announced > KEPT_DAYS * 86_400_000);
  await Promise.all(old.map((one) => forget(one.id)));
  return all.filter((one) => !old.includes(one)).sort((a, b) => b.announced - a.announced);
}

export interface Match {
  survey: Survey;
  /** By the id of the survey's file. */
  files: Map<string, Picked>;
}

export interface Matched {
  matches: Match[];
  /** Files of no unfinished survey: a new drive. */
  fresh: Picked[];
  /** Named and sized as an unfinished file, but changed since: going on would mix two recordings. */
  changed: Picked[];
}

/** Find the picked files among what unfinished surveys still wait for: same name, same size, not changed since. */
export function match(picked: readonly Picked[], unfinished: readonly Survey[], memory: readonly Kept[]): Matched {
  const wanted = unfinished.flatMap((survey) =>
    survey.files
      .filter((file) => file.state === 'announced' || file.state === 'receiving')
      .map((file) => ({
        survey,
        file,
        kept: memory.find((one) => one.id === survey.id)?.files.find((k) => k.name === file.name),
      })),
  );
  const matches = new Map<string, Match>();
  const fresh: Picked[] = [];
  const changed: Picked[] = [];
  for (const one of picked) {
    const index = wanted.findIndex(({ file }) => file.name === one.file.name && file.size === one.file.size);
    const found = wanted[index];
    if (!found) fresh.push(one);
    else if (found.kept && found.file.received > 0 && found.kept.modified !== one.file.lastModified) changed.push(one);
    else {
      const those = matches.get(found.survey.id) ?? { survey: found.survey, files: new Map<string, Picked>() };
      those.files.set(found.file.id, one);
      matches.set(found.survey.id, those);
      wanted.splice(index, 1);
    }
  }
  return { matches: [...matches.values()], fresh, changed };
}

type Permitted = FileSystemFileHandle & {
  queryPermission?: (how: { mode: 'read' }) => Promise<PermissionState>;
  requestPermission?: (how: { mode: 'read' }) => Promise<PermissionState>;
};

/** The remembered files that may be read now; `ask` shows the browser's question and needs a click before it. */
export async function reopen(kept: Kept, ask: boolean): Promise<Picked[]> {
  const opened: Picked[] = [];
  for (const { handle } of kept.files) {
    const permitted = handle as Permitted | undefined;
    if (!permitted?.queryPermission) continue;
    let state = await permitted.queryPermission({ mode: 'read' });
    if (state === 'prompt' && ask) state = (await permitted.requestPermission?.({ mode: 'read' })) ?? state;
    if (state !== 'granted') continue;
    try {
      const file = await permitted.getFile();
      opened.push({ file, path: file.name, handle: permitted });
    } catch {
      // moved or removed: the person picks it again
    }
  }
  return opened;
}
