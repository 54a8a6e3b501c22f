/** What took points off a segment's score, read from the server's text (roads.condition.score.reasons). */

import type { Kind, Severity } from './types';

export interface Reason {
  kind: Kind;
  severity: Severity;
  extent: number;
  percent: number;
  points: number;
  defects: number[];
  more: number; // defects that are counted but not named
}

const FORM = /^(cracking|potholes|ravelling) ([LME])([0-3]) \(([^ ]+) %\): -([^;]+); defects ([\d, ]*?)(?: \+(\d+))?$/;

/** Heaviest first. A part that is written otherwise is left as text. */
export function readReasons(text: string | null): (Reason | string)[] {
  return (text ?? '')
    .split(' | ')
    .filter(Boolean)
    .map((part) => {
      const found = FORM.exec(part);
      if (!found) return part;
      const [, kind, severity, extent, percent, points, ids, more] = found;
      return {
        kind: kind as Kind,
        severity: severity as Severity,
        extent: Number(extent),
        percent: Number(percent),
        points: Number(points),
        defects: (ids ?? '')
          .split(',')
          .filter((id) => id.trim())
          .map(Number),
        more: Number(more ?? 0),
      };
    });
}
