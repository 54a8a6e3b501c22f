/** The defects that wait for a person, as values: what a decision, a skip or an answer of the server makes of them. */
import type { DefectProperties } from '../map/types';

export interface Queue {
  /** Shown one by one, the first now. */
  waiting: readonly DefectProperties[];
  skipped: readonly DefectProperties[];
  /** Decided here, the last one last. */
  done: readonly DefectProperties[];
  /** How many the server has that nobody reviewed, as far as is known; null before its first answer. */
  left: number | null;
}

export const EMPTY: Queue = { waiting: [], skipped: [], done: [], left: null };
const FEW = 6;

/** Add what the server gave; what is known here keeps its place. */
export function received(queue: Queue, defects: readonly DefectProperties[], left: number): Queue {
  const known = new Set([...queue.waiting, ...queue.skipped, ...queue.done].map((one) => one.id));
  return { ...queue, waiting: [...queue.waiting, ...defects.filter((one) => !known.has(one.id))], left };
}

/** The first one was decided on. */
export function decided(queue: Queue): Queue {
  const [first, ...waiting] = queue.waiting;
  if (!first) return queue;
  return { ...queue, waiting, done: [...queue.done, first], left: Math.max((queue.left ?? 1) - 1, 0) };
}

/** The first one is left for later. */
export function skipped(queue: Queue): Queue {
  const [first, ...waiting] = queue.waiting;
  return first ? { ...queue, waiting, skipped: [...queue.skipped, first] } : queue;
}

/** A decision was taken back, or didn't reach the server: that defect is first again. */
export function returned(queue: Queue, id: number): Queue {
  const back = queue.done.find((one) => one.id === id);
  if (!back) return queue;
  return {
    ...queue,
    waiting: [back, ...queue.waiting],
    done: queue.done.filter((one) => one.id !== id),
    left: (queue.left ?? 0) + 1,
  };
}

/** Those that were left for later, now. */
export const resumed = (queue: Queue): Queue => ({
  ...queue,
  waiting: [...queue.waiting, ...queue.skipped],
  skipped: [],
});

/** Whether there are more on the server than wait here, and few here. */
export const wantsMore = (queue: Queue): boolean =>
  queue.left === null || (queue.waiting.length < FEW && queue.left > queue.waiting.length + queue.skipped.length);
