/** The geometry of the history chart: the score and its interval over time, in the pixels of a drawing. */

import type { Moment } from './types';

export interface Frame {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface Dot {
  x: number;
  y: number | null; // null: seen too little for a score
  low: number | null;
  high: number | null;
  moment: Moment;
}

export interface Chart {
  dots: Dot[];
  line: string; // SVG path of the score, broken where there is none
  band: string; // SVG path of the interval
  rows: { y: number; score: number }[];
  dates: { x: number; utc: string }[];
}

export const HIGHEST = 100;
const DAY_MS = 86_400_000;
const LABEL_PX = 64;

/** Lay moments (oldest first or last, any order) in a frame: scores 0..100 upwards, times to the right. */
export function plot(moments: readonly Moment[], frame: Frame): Chart {
  const sorted = [...moments].sort((a, b) => Date.parse(a.at_utc) - Date.parse(b.at_utc));
  const times = sorted.map((moment) => Date.parse(moment.at_utc));
  const first = times[0] ?? 0;
  const last = times.at(-1) ?? 0;
  const span = Math.max(last - first, DAY_MS);
  const centre = last === first ? 0.5 : 0;
  const wide = frame.width - frame.left - frame.right;
  const high = frame.height - frame.top - frame.bottom;
  const x = (time: number): number => frame.left + wide * (centre || (time - first) / span);
  const y = (score: number): number => frame.top + high * (1 - Math.min(Math.max(score, 0), HIGHEST) / HIGHEST);
  const dots = sorted.map((moment, i) => ({
    x: x(times[i] ?? 0),
    y: moment.score === null ? null : y(moment.score),
    low: moment.score_low === null ? null : y(moment.score_low),
    high: moment.score_high === null ? null : y(moment.score_high),
    moment,
  }));
  return {
    dots,
    line: runs(dots, (dot) => dot.y !== null)
      .map((run) => `M${run.map((dot) => at(dot.x, dot.y)).join('L')}`)
      .join(''),
    band: runs(dots, (dot) => dot.low !== null && dot.high !== null)
      .map((run) => [...run.map((dot) => at(dot.x, dot.high)), ...[...run].reverse().map((dot) => at(dot.x, dot.low))])
      .map((corners) => `M${corners.join('L')}Z`)
      .join(''),
    rows: [0, 25, 50, 75, HIGHEST].map((score) => ({ y: y(score), score })),
    dates: apart(dots),
  };
}

const at = (x: number, y: number | null): string => `${x.toFixed(1)} ${(y ?? 0).toFixed(1)}`;

/** Neighbours that have what is asked. */
function runs(dots: readonly Dot[], has: (dot: Dot) => boolean): Dot[][] {
  const found: Dot[][] = [];
  let open = false;
  for (const dot of dots) {
    if (!has(dot)) open = false;
    else if (open) found.at(-1)?.push(dot);
    else {
      found.push([dot]);
      open = true;
    }
  }
  return found;
}

/** As many dates as can be read: the newest always, others where they keep their distance. */
function apart(dots: readonly Dot[]): { x: number; utc: string }[] {
  const kept: { x: number; utc: string }[] = [];
  for (const dot of [...dots].reverse()) {
    if ((kept.at(-1)?.x ?? Number.POSITIVE_INFINITY) - dot.x >= LABEL_PX)
      kept.push({ x: dot.x, utc: dot.moment.at_utc });
  }
  return kept.reverse();
}
