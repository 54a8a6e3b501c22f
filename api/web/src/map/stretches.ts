/** What is known of each metre of a segment, over all visits: seen, driven but not seen (and why), or never driven. */

import type { CoverageStretch } from './types';

export interface Stretch {
  from_m: number;
  to_m: number;
  what: 'seen' | 'unseen' | 'never';
  reason: string | null;
}

const SHORTEST_M = 0.05;

/** Cut a segment of that length into stretches without gaps, from its begin to its end. A metre seen once is seen. */
export function stretchesOf(coverage: readonly CoverageStretch[], length_m: number): Stretch[] {
  const clip = (m: number): number => Math.min(Math.max(m, 0), length_m);
  const passes = coverage
    .map((pass) => ({ ...pass, from_m: clip(pass.from_m), to_m: clip(pass.to_m) }))
    .filter((pass) => pass.to_m > pass.from_m);
  const cuts = [...new Set([0, length_m, ...passes.flatMap((pass) => [pass.from_m, pass.to_m])])].sort((a, b) => a - b);
  const found: Stretch[] = [];
  for (let i = 0; i + 1 < cuts.length; i++) {
    const [from_m, to_m] = [cuts[i] ?? 0, cuts[i + 1] ?? 0];
    const last = found.at(-1);
    const over = passes.filter((pass) => pass.from_m <= from_m && pass.to_m >= to_m);
    const seen = over.some((pass) => pass.usable);
    const newest = over.reduce<CoverageStretch | null>((a, b) => (a && (a.utc ?? '') >= (b.utc ?? '') ? a : b), null);
    const what = seen ? 'seen' : newest ? 'unseen' : 'never';
    const reason = what === 'unseen' ? (newest?.reason ?? null) : null;
    if (last && ((last.what === what && last.reason === reason) || to_m - from_m < SHORTEST_M)) last.to_m = to_m;
    else found.push({ from_m, to_m, what, reason });
  }
  return found;
}
