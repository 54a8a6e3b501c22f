/** One file on its way, by tus: from where the server has it, again and again until it is all there. */
import { type DetailedError, Upload } from 'tus-js-client';
import { address, apiMessages, headers, sentence } from '../api';
import { uploadMessages as t } from './messages';

export interface Told {
  /** Bytes that are over; `rested` after a wait: what came before says nothing of the speed. */
  progress: (sent: number) => void;
  /** The connection is away, or the server is busy; it tries again by itself. */
  waiting: () => void;
  done: () => void;
  /** It stopped. `offline`: the server was not reached, so that trying again later may do. */
  failed: (sentence: string, offline: boolean) => void;
}

/** A proxy may hold back a request until it has all of it: this is what a broken connection costs at most. */
const PART_BYTES = 64 * 2 ** 20;
/** About an hour without any connection; every byte that arrives starts the count anew. */
const WAITS_MS = [500, 1000, 2000, 4000, 8000, 15_000, ...Array.from({ length: 60 }, () => 60_000)];
const TOLD_MS = 250;

/** Start sending; returns what stops it. What arrived is kept by the server. */
export function transfer(file: File, upload: string, told: Told): () => void {
  let stopped = false;
  let last_ms = 0;
  const fail = (why: string, offline = false): void => {
    if (stopped) return;
    stopped = true;
    void sender.abort();
    told.failed(why, offline);
  };
  const sender = new Upload(file, {
    uploadUrl: address(upload),
    headers: headers(),
    chunkSize: PART_BYTES,
    retryDelays: WAITS_MS,
    storeFingerprintForResuming: false, // memory.ts does, with the survey
    onShouldRetry: (error) => {
      const status = error.originalResponse?.getStatus() ?? 0;
      if (status >= 400 && status < 500 && ![408, 409, 423, 425, 429].includes(status)) return false;
      if (!stopped) told.waiting();
      void readable(file).then((yes) => yes || fail(t('unreadable')));
      return true;
    },
    onProgress: (sent) => {
      const now_ms = performance.now();
      if (stopped || (now_ms - last_ms < TOLD_MS && sent < file.size)) return;
      last_ms = now_ms;
      told.progress(sent);
    },
    onSuccess: () => {
      if (!stopped) told.done();
      stopped = true;
    },
    onError: (error) => {
      const answer = (error as Partial<DetailedError>).originalResponse;
      void readable(file).then((yes) =>
        fail(yes ? reason(answer?.getStatus(), answer?.getBody()) : t('unreadable'), !answer),
      );
    },
  });
  sender.start();
  return () => {
    stopped = true;
    void sender.abort();
  };
}

/** Throw away what arrived of an unfinished file; waits until the server has noticed that sending stopped. */
export const giveUp = (upload: string): Promise<void> =>
  Upload.terminate(address(upload), { headers: headers(), retryDelays: [300, 1000, 2000, 4000, 8000] });

/** Whether the file is still there: a card that is pulled out looks like a broken connection. */
const readable = (file: File): Promise<boolean> =>
  file
    .slice(0, 1)
    .arrayBuffer()
    .then(
      () => true,
      () => false,
    );

function reason(status: number | undefined, body: string | undefined): string {
  if (!status) return apiMessages('offline');
  if (status === 404 || status === 410) return t('expired');
  try {
    const said: unknown = JSON.parse(body ?? '').detail;
    if (typeof said === 'string') return sentence(said);
  } catch {
    // a proxy's page
  }
  return apiMessages('broken', { status });
}
