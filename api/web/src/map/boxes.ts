import type { Box } from './types';

/** The box around places; a single place gives a box without a size. */
export function boxOf(places: readonly (readonly [number, number])[]): Box {
  const lon = places.map((place) => place[0]);
  const lat = places.map((place) => place[1]);
  return [Math.min(...lon), Math.min(...lat), Math.max(...lon), Math.max(...lat)];
}
