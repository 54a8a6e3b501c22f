import { createExpression, validateStyleMin } from '@maplibre/maplibre-gl-style-spec';
import { describe, expect, it } from 'vitest';
import { NO_FILTERS } from '../../src/map/filters';
import { CHANGED, legendOf, themeOf, valueQuery } from '../../src/map/legend';
import { type Drawing, styleOf, tileAddress } from '../../src/map/style';
import { MODES } from '../../src/map/url';

const grades = ['good', 'fair', 'poor', 'bad'].map((name, i) => ({ name, name_nl: name, colour: `#00000${i}` }));
const drawing: Drawing = {
  tiles: 'http://localhost/v1/tiles',
  version: '3.1',
  bbox: [6.8, 52.1, 6.9, 52.3],
  basemap: null,
  dark: false,
  mode: 'condition',
  grades,
  classes: [{ name: 'pothole', kind: 'potholes', rdd: 'D40', name_nl: 'Gat', name_en: 'Pothole', colour: '#d55e00' }],
  filters: NO_FILTERS,
  street: null,
  segment: null,
  defect: null,
  changes: null,
};
const nothing: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] };
const basemap = { url: 'https://tiles.test/{z}/{x}/{y}.png', credit: 'Kaart: Test' };
const ids = (part: Partial<Drawing>): string[] => styleOf({ ...drawing, ...part }).layers.map((layer) => layer.id);

describe.each(MODES)('mode %s', (mode) => {
  it.each<[string, Partial<Drawing>]>([
    ['plain', {}],
    ['dark with a basemap', { dark: true, basemap }],
    ['with things chosen', { segment: '12', defect: 7, street: ['1', '2'] }],
    ['filtered', { filters: { ...NO_FILTERS, kinds: ['potholes'], extent: 2, street: 'kerk', from: '2026-01-01' } }],
    ['comparing', { changes: { segments: nothing, defects: nothing } }],
  ])('is a valid style, %s', (_, part) => {
    expect(validateStyleMin(styleOf({ ...drawing, mode, ...part }))).toEqual([]);
  });

  it('tells every class of segments apart without colour', () => {
    const looks = legendOf(mode, grades)
      .filter((entry) => !entry.word.endsWith('stretch'))
      .map(({ width, dash, pattern }) => JSON.stringify([width, dash, pattern]));
    expect(new Set(looks).size).toBe(looks.length);
  });

  it('counts each class with a filter of its own', () => {
    const queries = legendOf(mode, grades)
      .map((entry) => valueQuery(mode, entry))
      .filter((query) => query !== null);
    expect(new Set(queries).size).toBe(queries.length);
  });
});

it('colours what the legend says, and nothing that was not seen', () => {
  const main = styleOf(drawing).layers.find((layer) => layer.id === 'main');
  const colour = (main?.paint as Record<string, unknown> | undefined)?.['line-color'];
  const made = createExpression(colour, 'layers[0].paint.line-color');
  if (made.result !== 'success') throw new Error('no expression');
  const of = (properties: Record<string, string>): unknown =>
    made.value.evaluate({ zoom: 15 }, { type: 2, properties } as never);
  for (const entry of themeOf('condition', grades).entries) expect(of({ grade: entry.word })).toBe(entry.colour);
  expect(of({})).toBe('rgba(0,0,0,0)');
});

it('draws what was not surveyed in every mode', () => {
  for (const mode of MODES) expect(ids({ mode })).toContain('unsurveyed');
});

it('writes street names where no basemap does', () => {
  expect(ids({})).toContain('names');
  expect(ids({ basemap })).not.toContain('names');
});

it('asks nothing from elsewhere without a basemap', () => {
  const { sources, glyphs, sprite } = styleOf(drawing);
  expect([glyphs, sprite]).toEqual([undefined, undefined]);
  const asked = JSON.stringify(sources).match(/https?:\/\/[^/"]+/g) ?? [];
  expect(new Set(asked)).toEqual(new Set(['http://localhost']));
});

it('asks for other tiles once the map has changed', () => {
  expect(tileAddress('/v1/tiles', 'defects', '3.1')).not.toBe(tileAddress('/v1/tiles', 'defects', '3.2'));
});

it('shows a change by width or dashes too', () => {
  expect(new Set(CHANGED.map(({ width, dash }) => JSON.stringify([width, dash]))).size).toBe(CHANGED.length);
});
