/** What the server tells by itself: jobs, surveys and the map as they change. */
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { address } from './api';
import type { Job, SurveyState } from './types';

export interface Events {
  job: Job;
  survey: { id: string; state: SurveyState };
  map: { revision: number; changes: number };
  /** The stream was away for a while: ask again for what is shown. */
  resync: null;
}

type Listener<K extends keyof Events> = (data: Events[K]) => void;

/** Whether events arrive now. */
export const live = signal(false);

const listeners = new Map<keyof Events, Set<Listener<never>>>();
const KINDS = ['job', 'survey', 'map'] as const;
const LONGEST_WAIT_S = 30;
let source: EventSource | undefined;
let wait_s = 1;
let timer: ReturnType<typeof setTimeout> | undefined;
let missed = false;

function tell<K extends keyof Events>(kind: K, data: Events[K]): void {
  for (const listener of listeners.get(kind) ?? []) (listener as Listener<K>)(data);
}

function open(): void {
  if (source || document.hidden) return;
  source = new EventSource(address('v1/events'));
  source.onopen = () => {
    wait_s = 1;
    live.value = true;
    if (missed) tell('resync', null);
    missed = false;
  };
  source.onerror = () => {
    live.value = false;
    missed = true;
    if (source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    close();
    timer = setTimeout(open, wait_s * 1000);
    wait_s = Math.min(LONGEST_WAIT_S, wait_s * 2);
  };
  for (const kind of KINDS) {
    source.addEventListener(kind, (event) => tell(kind, JSON.parse((event as MessageEvent<string>).data)));
  }
}

function close(): void {
  clearTimeout(timer);
  source?.close();
  source = undefined;
  live.value = false;
}

// A browser allows six connections to one server: a tab nobody sees gives its own back.
globalThis.document?.addEventListener('visibilitychange', () => {
  if (listeners.size === 0) return;
  if (document.hidden) {
    close();
    missed = true;
  } else open();
});

/** Listen from now on; call what it returns to stop. */
export function on<K extends keyof Events>(kind: K, listener: Listener<K>): () => void {
  const those = listeners.get(kind) ?? new Set();
  listeners.set(kind, those.add(listener as Listener<never>));
  open();
  return () => {
    those.delete(listener as Listener<never>);
  };
}

/** Listen as long as the component is there. */
export function useEvent<K extends keyof Events>(kind: K, listener: Listener<K>): void {
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => on(kind, (data) => latest.current(data)), [kind]);
}
