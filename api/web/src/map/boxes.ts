import type { Box } from './types';
import type { Position } from './url';

/** The box around places; a single place gives a box without a size. */
export function boxOf(places: readonly (readonly [number, number])[]): Box {
  const lon = places.map((place) => place[0]);
  const lat = places.map((place) => place[1]);
  return [Math.min(...lon), Math.min(...lat), Math.max(...lon), Math.max(...lat)];
}

const WORLD_PX = 512; // the width of the world at zoom 0, as MapLibre draws it
const CLOSEST_ZOOM = 17;
const FREE = 0.7; // of the page: the rest is its head, and what lies over the map

/** The position from which a page of so many pixels shows a box. */
export function showing([west, south, east, north]: Box, width_px: number, height_px: number): Position {
  const wide = (east - west) / 360;
  const high = mercator(north) - mercator(south);
  const zoom = Math.log2((FREE / WORLD_PX) * Math.min(width_px / wide, height_px / high));
  return { zoom: Math.max(0, Math.min(zoom, CLOSEST_ZOOM)), lon: (west + east) / 2, lat: (south + north) / 2 };
}

/** How far north of the equator a latitude lies on the map, as a share of the world's width. */
const mercator = (lat: number): number => Math.asinh(Math.tan((lat * Math.PI) / 180)) / (2 * Math.PI);
