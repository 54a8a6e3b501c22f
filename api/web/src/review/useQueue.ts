/** The queue of one choice (kind, survey), filled from the server as it empties. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { type ApiError, get, said } from '../api';
import { decide } from '../map/server';
import type { Decision, DefectProperties } from '../map/types';
import { loadAbout } from '../session';
import { toast } from '../ui/Toast';
import { decided, EMPTY, type Queue, received, resumed, returned, skipped, wantsMore } from './queue';

const ASKED = 20;

export interface Reviewing {
  queue: Queue;
  error: ApiError | undefined;
  retry: () => void;
  decide: (decision: Exclude<Decision, 'undo'>, className?: string) => void;
  skip: () => void;
  resume: () => void;
  undo: () => void;
}

/** Decisions go on at once; one that doesn't reach the server brings its defect back. */
export function useQueue(kind: string, survey: string): Reviewing {
  const [queue, setQueue] = useState(EMPTY);
  const [error, setError] = useState<ApiError>();
  const [round, setRound] = useState(0);
  const sending = useRef<Promise<unknown>>(Promise.resolve());
  const choice = `${kind} ${survey}`;
  const chosen = useRef(choice);
  if (chosen.current !== choice) {
    chosen.current = choice;
    setQueue(EMPTY);
  }
  const wanted = wantsMore(queue);
  const empty = queue.waiting.length === 0;
  useEffect(() => {
    if (!wanted || error) return;
    const stop = new AbortController();
    const limit = ASKED + queue.skipped.length;
    const query = new URLSearchParams({ limit: String(limit), ...(kind && { kind }), ...(survey && { survey }) });
    sending.current // what was decided must not come back in the answer
      .then(() => get<{ defects: DefectProperties[]; left: number }>(`v1/reviews/queue?${query}`, stop.signal))
      .then(({ defects, left }) => setQueue((before) => received(before, defects, left)))
      .catch((failure: ApiError) => {
        if (!stop.signal.aborted) setError(failure);
      });
    return () => stop.abort();
  }, [choice, wanted, empty, error, round]);

  const send = (id: number, decision: Decision, className?: string): void => {
    sending.current = sending.current
      .then(() => decide(id, decision, className))
      .then(
        () => void loadAbout(),
        (failure: unknown) => {
          toast(said(failure), 'bad');
          setQueue((before) => (decision === 'undo' ? before : returned(before, id)));
        },
      );
  };
  return {
    queue,
    error,
    retry() {
      setError(undefined);
      setRound(round + 1);
    },
    decide(decision, className) {
      const first = queue.waiting[0];
      if (!first) return;
      setQueue(decided);
      send(first.id, decision, className);
    },
    skip: () => setQueue(skipped),
    resume: () => setQueue(resumed),
    undo() {
      const last = queue.done.at(-1);
      if (!last) return;
      setQueue((before) => returned(before, last.id));
      send(last.id, 'undo');
    },
  };
}
