import { describe, expect, it } from 'vitest';
import type { DefectProperties } from '../../src/map/types';
import { decided, EMPTY, type Queue, received, resumed, returned, skipped, wantsMore } from '../../src/review/queue';

const defect = (id: number): DefectProperties => ({ id }) as DefectProperties;
const of = (...ids: number[]): DefectProperties[] => ids.map(defect);
const state = (queue: Queue) => ({
  waiting: queue.waiting.map((one) => one.id),
  skipped: queue.skipped.map((one) => one.id),
  done: queue.done.map((one) => one.id),
  left: queue.left,
});
const three = received(EMPTY, of(1, 2, 3), 10);

describe('the review queue', () => {
  it('goes on with the next after a decision', () => {
    expect(state(decided(three))).toEqual({ waiting: [2, 3], skipped: [], done: [1], left: 9 });
  });

  it('puts what is skipped aside, and brings it back at the end', () => {
    const later = skipped(three);
    expect(state(later)).toEqual({ waiting: [2, 3], skipped: [1], done: [], left: 10 });
    expect(state(resumed(later)).waiting).toEqual([2, 3, 1]);
  });

  it('shows again what was taken back or not received', () => {
    expect(state(returned(decided(decided(three)), 1))).toEqual({ waiting: [1, 3], skipped: [], done: [2], left: 9 });
  });

  it('takes nothing twice from the server', () => {
    const going = skipped(decided(three));
    expect(state(received(going, of(2, 3, 4, 5), 9)).waiting).toEqual([3, 4, 5]);
    expect(state(received(going, of(1), 9)).waiting).toEqual([3]);
  });

  it('asks for more before it is empty, and not when there is no more', () => {
    expect(wantsMore(EMPTY)).toBe(true);
    expect(wantsMore(three)).toBe(true);
    expect(wantsMore(received(EMPTY, of(1, 2, 3), 3))).toBe(false);
    expect(wantsMore(received(EMPTY, of(1, 2, 3, 4, 5, 6), 100))).toBe(false);
    expect(wantsMore(skipped(received(EMPTY, of(1), 1)))).toBe(false);
  });

  it('does nothing when it is empty', () => {
    const empty = received(EMPTY, [], 0);
    expect([decided(empty), skipped(empty), returned(empty, 4)]).toEqual([empty, empty, empty]);
  });
});
