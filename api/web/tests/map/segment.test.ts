import { describe, expect, it } from 'vitest';
import { boxOf } from '../../src/map/boxes';
import { plot } from '../../src/map/chart';
import { worstFirst } from '../../src/map/InView';
import { readReasons } from '../../src/map/reasons';
import { stretchesOf } from '../../src/map/stretches';
import type { CoverageStretch, Moment } from '../../src/map/types';

describe('reasons', () => {
  it('are read from the text of the server', () => {
    const text = 'potholes E2 (0.15 %): -38; defects 4 | cracking M1 (18.8 %): -22.5; defects 9, 2 +17';
    expect(readReasons(text)).toEqual([
      { kind: 'potholes', severity: 'E', extent: 2, percent: 0.15, points: 38, defects: [4], more: 0 },
      { kind: 'cracking', severity: 'M', extent: 1, percent: 18.8, points: 22.5, defects: [9, 2], more: 17 },
    ]);
  });
  it('that are written otherwise stay text', () => expect(readReasons('rutting: -5')).toEqual(['rutting: -5']));
  it('are none where nothing cost points', () => expect(readReasons(null)).toEqual([]));
});

describe('what was seen along a segment', () => {
  const pass = (from_m: number, to_m: number, reason: string | null = null, utc = '2026-01-01'): CoverageStretch => ({
    from_m,
    to_m,
    usable: reason === null,
    reason,
    direction: 'forward',
    survey_id: 'a',
    utc,
  });
  const spoken = (coverage: CoverageStretch[], length_m = 100): string[] =>
    stretchesOf(coverage, length_m).map((s) => `${s.from_m}-${s.to_m} ${s.what}${s.reason ? ` ${s.reason}` : ''}`);

  it('is nothing without a drive', () => expect(spoken([])).toEqual(['0-100 never']));
  it('has no gaps', () =>
    expect(spoken([pass(20, 60), pass(60, 80, 'too dark')])).toEqual([
      '0-20 never',
      '20-60 seen',
      '60-80 unseen too dark',
      '80-100 never',
    ]));
  it('is seen where one drive saw it', () =>
    expect(spoken([pass(0, 100, 'blurred'), pass(30, 50)])).toEqual([
      '0-30 unseen blurred',
      '30-50 seen',
      '50-100 unseen blurred',
    ]));
  it('gives the newest reason', () =>
    expect(spoken([pass(0, 100, 'blurred', '2025-01-01'), pass(0, 100, 'too dark', '2026-01-01')])).toEqual([
      '0-100 unseen too dark',
    ]));
  it('keeps within the segment', () => expect(spoken([pass(-5, 120)])).toEqual(['0-100 seen']));
});

describe('the chart', () => {
  const frame = { width: 200, height: 100, left: 0, right: 0, top: 0, bottom: 0 };
  const moment = (at_utc: string, score: number | null): Moment => ({
    at_utc,
    survey_ids: [],
    score,
    score_low: score === null ? null : score - 10,
    score_high: score === null ? null : score + 10,
    grade: null,
    status: 'graded',
    coverage: 1,
    defects_n: 0,
    pci: null,
  });
  it('lays time to the right and a better score higher, in any order', () => {
    const { dots } = plot([moment('2026-01-01', 20), moment('2025-01-01', 80)], frame);
    expect(dots.map(({ x, y }) => [x, Math.round(y ?? -1)])).toEqual([
      [0, 20],
      [200, 80],
    ]);
  });
  it('breaks the line where there was no score', () => {
    const chart = plot([moment('2025-01-01', 80), moment('2025-06-01', null), moment('2026-01-01', 20)], frame);
    expect(chart.line.match(/M/g)).toHaveLength(2);
    expect(chart.dots.map((dot) => dot.y === null)).toEqual([false, true, false]);
  });
  it('keeps dates apart, and the newest always', () => {
    const days = ['2025-01-01', '2025-12-20', '2026-01-01'];
    expect(
      plot(
        days.map((day) => moment(day, 50)),
        frame,
      ).dates.map(({ utc }) => utc),
    ).toEqual(['2025-01-01', '2026-01-01']);
  });
});

it('the list in view begins with the worst and ends with what was not surveyed', () => {
  const row = (segment_id: string, score: number | null, status: 'graded' | 'too little seen' | 'not surveyed') => ({
    segment_id,
    name: segment_id,
    score,
    status,
    grade: null,
    coverage: 0,
  });
  const rows = [
    row('d', null, 'not surveyed'),
    row('b', 80, 'graded'),
    row('c', null, 'too little seen'),
    row('a', 0, 'graded'),
  ];
  expect(worstFirst(rows).map((one) => one.segment_id)).toEqual(['a', 'b', 'c', 'd']);
});

it('a box holds all places', () => {
  expect(
    boxOf([
      [6, 52],
      [5, 53],
      [7, 51],
    ]),
  ).toEqual([5, 51, 7, 53]);
});
