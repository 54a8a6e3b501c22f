/** The map's style, as a value: sources and layers for a view. MapLibre draws the difference with the style before. */

import type { ExpressionSpecification, FilterSpecification, LayerSpecification, StyleSpecification } from 'maplibre-gl';
import type { DamageClass, Grade } from '../types';
import { activeFilters, defectFilter, type Filters, segmentFilter } from './filters';
import {
  CHANGE_COLOURS,
  CHANGED,
  type Entry,
  GREY,
  NOT_SURVEYED,
  SEEN,
  STATE_COLOURS,
  TOO_LITTLE,
  themeOf,
  UNSEEN,
} from './legend';
import type { Box } from './types';
import type { Mode } from './url';

export const DEFECT_ZOOM = 14;
const ONE_BY_ONE = 12; // from here on segments are drawn one by one
const STRETCH_ZOOM = 13; // from here on the stretches that were seen are drawn, and not the share of the segment
const NOTHING: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] };

export interface Drawing {
  tiles: string; // address of /v1/tiles, without a slash at the end
  version: string;
  bbox: Box;
  basemap: { url: string; credit: string } | null;
  dark: boolean;
  mode: Mode;
  grades: readonly Grade[];
  classes: readonly DamageClass[];
  filters: Filters;
  street: readonly string[] | null; // ids of the segments of the street that was asked for
  segment: string | null;
  defect: number | null;
  changes: { segments: GeoJSON.FeatureCollection; defects: GeoJSON.FeatureCollection } | null;
}

interface Ink {
  ground: string;
  casing: string;
  text: string;
  halo: string;
  accent: string;
  pattern: string;
}
const LIGHT: Ink = {
  ground: '#f3f2ee',
  casing: '#ffffff',
  text: '#39414e',
  halo: 'rgba(255,255,255,0.9)',
  accent: '#1f5fa8',
  pattern: '#ffffff',
};
const DARK: Ink = {
  ground: '#14181e',
  casing: '#05070a',
  text: '#c4cad4',
  halo: 'rgba(10,12,16,0.9)',
  accent: '#8fc1ff',
  pattern: '#ffffff',
};

/** The tiles of a layer for a state of the map: what they hold never changes, so they may be kept for good. */
export const tileAddress = (tiles: string, layer: string, version: string): string =>
  `${tiles}/${layer}/{z}/{x}/{y}.mvt?v=${encodeURIComponent(version)}`;

export function styleOf(d: Drawing): StyleSpecification {
  const ink = d.dark ? DARK : LIGHT;
  const vector = (layer: string, minzoom: number) => ({
    type: 'vector' as const,
    tiles: [tileAddress(d.tiles, layer, d.version)],
    minzoom,
    maxzoom: 14, // the last that the server draws beforehand; enlarged from there
    bounds: grown(d.bbox),
  });
  return {
    version: 8,
    sources: {
      ...(d.basemap && {
        basemap: {
          type: 'raster' as const,
          tiles: [d.basemap.url],
          tileSize: 256,
          maxzoom: 19,
          attribution: d.basemap.credit,
        },
      }),
      segments: vector('segments', 0),
      coverage: vector('coverage', STRETCH_ZOOM),
      defects: vector('defects', DEFECT_ZOOM),
      changedSegments: { type: 'geojson', data: d.changes?.segments ?? NOTHING },
      changedDefects: { type: 'geojson', data: d.changes?.defects ?? NOTHING },
    },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': ink.ground } },
      ...(d.basemap ? [basemap(d.dark)] : []),
      ...segments(d, ink),
      ...coverage(d),
      ...changes(d, ink),
      ...names(ink, !d.basemap),
      ...defects(d, ink),
    ],
    transition: { duration: 0, delay: 0 },
  };
}

/** A little room, for what sticks out of the box by rounding. */
const grown = ([w, s, e, n]: Box): Box => [w - 0.001, s - 0.001, e + 0.001, n + 0.001];

function basemap(dark: boolean): LayerSpecification {
  // A grey basemap turned inside out is a dark one.
  const paint = dark
    ? {
        'raster-brightness-min': 0.72,
        'raster-brightness-max': 0.06,
        'raster-saturation': -0.6,
        'raster-contrast': 0.1,
      }
    : { 'raster-opacity': 0.85 };
  return { id: 'basemap', type: 'raster', source: 'basemap', paint: { ...paint, 'raster-fade-duration': 0 } };
}

const layer = 'segments';
const both = (...filters: (ExpressionSpecification | boolean)[]): FilterSpecification =>
  ['all', ...filters] as FilterSpecification;
const status = (value: string): ExpressionSpecification => ['==', ['get', 'status'], value];

/** Pixels wide at each zoom, times a factor per feature. From zoom 17 about as wide as the carriageway. */
function wide(factor: number | ExpressionSpecification, extra = 0): ExpressionSpecification {
  const stops: [number, number][] = [
    [9, 1.1],
    [12, 2],
    [14, 3.6],
    [16, 7],
    [18, 13],
    [20, 26],
  ];
  return [
    'interpolate',
    ['exponential', 1.4],
    ['zoom'],
    ...stops.flatMap(([zoom, px]) => [zoom, ['+', ['*', px, factor], extra * (zoom < 12 ? 0.6 : 1)]]),
  ] as ExpressionSpecification;
}

/** One value per entry of a theme, and one for what is in none of them. */
function each<T extends string | number | readonly number[]>(
  column: string,
  entries: readonly Entry[],
  of: (entry: Entry) => T,
  rest: T,
): ExpressionSpecification {
  const value = (v: T): unknown => (Array.isArray(v) ? ['literal', v] : v);
  const got: ExpressionSpecification = ['get', column];
  if (entries.some((entry) => entry.low !== undefined)) {
    const tests = entries.flatMap((entry) => [['>=', ['coalesce', got, -1], entry.low ?? 0], value(of(entry))]);
    return ['case', ...tests, value(rest)] as unknown as ExpressionSpecification;
  }
  const cases = entries.flatMap((entry) => [entry.value ?? '', value(of(entry))]);
  return ['match', ['coalesce', got, ''], ...cases, value(rest)] as unknown as ExpressionSpecification;
}

/** A stretch doesn't know its segment's grade or street: with a filter the map keeps to the share of each segment. */
const drawsStretches = (d: Drawing): boolean => d.mode === 'coverage' && !d.changes && activeFilters(d.filters) === 0;

function segments(d: Drawing, ink: Ink): LayerSpecification[] {
  const shown = segmentFilter(d.filters);
  const theme = themeOf(d.mode, d.grades);
  const inside = both(shown, d.mode === 'coverage' ? ['>', ['coalesce', ['get', 'coverage'], 0], 0] : status('graded'));
  const factor = each(theme.column, theme.entries, (entry) => entry.width, 0.55);
  const faded = d.changes ? 0.4 : 1;
  const line = (id: string, more: Partial<LayerSpecification>): LayerSpecification =>
    ({ id, type: 'line', source: layer, 'source-layer': layer, ...more }) as LayerSpecification;
  // From afar a line is a pixel or two wide, and there may be 100,000: round ends would double what is to be drawn.
  const round = {
    'line-cap': ['step', ['zoom'], 'butt', ONE_BY_ONE, 'round'] as ExpressionSpecification,
    'line-join': ['step', ['zoom'], 'miter', ONE_BY_ONE, 'round'] as ExpressionSpecification,
  };
  const bare = (id: string, entry: Entry): LayerSpecification =>
    line(id, {
      filter: both(shown, status(entry.value ?? '')),
      paint: {
        'line-color': entry.colour,
        'line-width': wide(entry.width),
        'line-dasharray': entry.dash ?? [1, 0],
        'line-opacity': faded,
      },
    });
  const stretches = drawsStretches(d);
  const before = stretches ? { maxzoom: STRETCH_ZOOM } : {};
  const patterned = theme.entries.filter((entry) => entry.pattern);
  const casing = d.changes
    ? []
    : [
        line('casing', {
          filter: inside,
          minzoom: ONE_BY_ONE,
          layout: round,
          ...before,
          paint: { 'line-color': ink.casing, 'line-width': wide(factor, 2), 'line-opacity': 0.9 },
        }),
      ];
  return [
    line('selected', {
      filter: ['==', ['get', 'segment_id'], d.segment ?? ''],
      layout: round,
      paint: { 'line-color': ink.accent, 'line-width': wide(1.7, 8), 'line-opacity': d.dark ? 0.75 : 0.6 },
    }),
    ...(stretches
      ? [
          line('never', {
            filter: shown as FilterSpecification,
            minzoom: STRETCH_ZOOM,
            paint: {
              'line-color': GREY,
              'line-width': wide(NOT_SURVEYED.width),
              'line-dasharray': NOT_SURVEYED.dash ?? [1, 0],
            },
          }),
          { ...bare('unsurveyed', NOT_SURVEYED), maxzoom: STRETCH_ZOOM },
        ]
      : [bare('unsurveyed', NOT_SURVEYED), bare('little', TOO_LITTLE)]),
    ...casing,
    line('main', {
      filter: inside,
      layout: round,
      ...before,
      paint: {
        'line-color': each(theme.column, theme.entries, (entry) => entry.colour, 'rgba(0,0,0,0)'),
        'line-width': wide(['*', factor, ['case', ['boolean', ['feature-state', 'hover'], false], 1.4, 1]]),
        'line-opacity': d.changes ? 0 : 1, // what was seen is drawn by its change
      },
    }),
    ...(patterned.length && !d.changes
      ? [
          line('pattern', {
            filter: inside,
            minzoom: 13,
            ...before,
            paint: {
              'line-color': each(
                theme.column,
                theme.entries,
                (entry) => (entry.pattern ? ink.pattern : 'rgba(0,0,0,0)'),
                'rgba(0,0,0,0)',
              ),
              'line-width': wide(0.3),
              'line-dasharray': each(theme.column, theme.entries, (entry) => entry.pattern ?? [1, 0], [1, 0]),
              'line-opacity': 0.85,
            },
          }),
        ]
      : []),
  ];
}

/** What was seen, and what was driven without being seen, stretch by stretch. */
function coverage(d: Drawing): LayerSpecification[] {
  if (!drawsStretches(d)) return [];
  const stretch = (id: string, usable: boolean, paint: object): LayerSpecification =>
    ({
      id,
      type: 'line',
      source: 'coverage',
      'source-layer': 'coverage',
      minzoom: STRETCH_ZOOM,
      filter: ['==', ['get', 'usable'], usable],
      paint,
    }) as LayerSpecification;
  return [
    stretch('unseen', false, { 'line-color': UNSEEN, 'line-width': wide(1.2), 'line-dasharray': [0.6, 0.9] }),
    stretch('seen', true, { 'line-color': SEEN, 'line-width': wide(1) }),
  ];
}

function changes(d: Drawing, ink: Ink): LayerSpecification[] {
  if (!d.changes) return [];
  const colour = [
    'match',
    ['get', 'change'],
    ...Object.entries(CHANGE_COLOURS).flat(),
    GREY,
  ] as unknown as ExpressionSpecification;
  return [
    {
      id: 'changed-segments',
      type: 'line',
      source: 'changedSegments',
      layout: { 'line-join': 'round' },
      paint: {
        'line-color': each('change', CHANGED, (entry) => entry.colour, GREY),
        'line-width': wide(each('change', CHANGED, (entry) => entry.width, 0.5)),
        'line-dasharray': each('change', CHANGED, (entry) => entry.dash ?? [1, 0], [1, 0]),
      },
    },
    {
      id: 'changed-defects',
      type: 'circle',
      source: 'changedDefects',
      minzoom: DEFECT_ZOOM - 1,
      paint: {
        'circle-radius': 6,
        'circle-color': ['match', ['get', 'change'], 'gone', ink.ground, colour],
        'circle-stroke-color': ['match', ['get', 'change'], 'gone', colour, ink.casing],
        'circle-stroke-width': 2,
      },
    },
  ];
}

/** Street names: from the network itself, where the basemap doesn't write them. Drawn with the browser's own font. */
function names(ink: Ink, written: boolean): LayerSpecification[] {
  if (!written) return [];
  return [
    {
      id: 'names',
      type: 'symbol',
      source: layer,
      'source-layer': layer,
      minzoom: 15,
      layout: {
        'symbol-placement': 'line',
        'symbol-spacing': 320,
        'text-field': ['coalesce', ['get', 'name'], ''],
        'text-font': ['sans-serif'],
        'text-size': ['interpolate', ['linear'], ['zoom'], 15, 11, 18, 14],
        'text-offset': [0, 1.25],
        'text-max-angle': 35,
      },
      paint: { 'text-color': ink.text, 'text-halo-color': ink.halo, 'text-halo-width': 1.6 },
    },
  ];
}

function defects(d: Drawing, ink: Ink): LayerSpecification[] {
  const colour = ['match', ['get', 'class'], ...d.classes.flatMap((c) => [c.name, c.colour]), GREY];
  const telling = ['new', 'grown'];
  const rim = [
    'match',
    ['get', 'state'],
    ...telling.flatMap((state) => [state, STATE_COLOURS[state] ?? GREY]),
    ink.casing,
  ];
  const faint = ['not seen again', 'gone', 'rejected'];
  const base = { source: 'defects', 'source-layer': 'defects', minzoom: DEFECT_ZOOM } as const;
  const filter = defectFilter(d.filters, d.street) as FilterSpecification;
  const radius = ['interpolate', ['linear'], ['zoom'], 14, 1.8, 15, 3.2, 16, 6, 18, 10] as ExpressionSpecification;
  const ring = (news: number, known: number): ExpressionSpecification => [
    'match',
    ['get', 'state'],
    telling,
    news,
    known,
  ];
  const opacity = ['match', ['get', 'state'], faint, 0.35, d.changes ? 0.3 : 1] as ExpressionSpecification;
  return [
    {
      id: 'chosen',
      type: 'circle',
      ...base,
      filter: ['==', ['get', 'id'], d.defect ?? -1],
      paint: { 'circle-radius': 19, 'circle-color': ink.accent, 'circle-opacity': 0.45 },
    },
    {
      id: 'defects',
      type: 'circle',
      ...base,
      filter,
      layout: { 'circle-sort-key': ['coalesce', ['get', 'probability'], 0] },
      paint: {
        'circle-radius': radius,
        'circle-color': colour as unknown as ExpressionSpecification,
        'circle-opacity': opacity,
        'circle-stroke-color': rim as unknown as ExpressionSpecification,
        'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 14, ring(1.2, 0.5), 16, ring(3, 1.5)],
        'circle-stroke-opacity': opacity,
      },
    },
    {
      id: 'defect-icons',
      type: 'symbol',
      ...base,
      minzoom: 16,
      filter,
      layout: {
        'icon-image': ['concat', 'class-', ['get', 'class']],
        'icon-size': ['interpolate', ['linear'], ['zoom'], 16, 0.55, 18, 0.95],
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
        'symbol-sort-key': ['coalesce', ['get', 'probability'], 0],
      },
    },
  ];
}
