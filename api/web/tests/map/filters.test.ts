import { featureFilter } from '@maplibre/maplibre-gl-style-spec';
import { describe, expect, it } from 'vitest';
import {
  activeFilters,
  defectFilter,
  type Filters,
  NO_FILTERS,
  SHOWN_STATES,
  segmentFilter,
  segmentQuery,
} from '../../src/map/filters';

type Properties = Record<string, string | number | boolean>;
const passes = (filter: unknown, properties: Properties): boolean =>
  featureFilter(filter as Parameters<typeof featureFilter>[0], 'test').filter({ zoom: 15 }, {
    type: 1,
    properties,
  } as never);
const on = (part: Partial<Filters>): Filters => ({ ...NO_FILTERS, ...part });

const BAD: Properties = {
  segment_id: '1',
  name: 'Lange Kerkstraat',
  status: 'graded',
  grade: 'bad',
  plan: 'year 1',
  last_surveyed: '2026-05-14',
  potholes_severity: 'E',
  potholes_extent: 2,
  cracking_severity: 'L',
  cracking_extent: 1,
};
const UNSEEN: Properties = { segment_id: '2', name: 'Dorpsweg', status: 'not surveyed' };

describe('segments', () => {
  it.each<[string, Partial<Filters>, boolean, boolean]>([
    ['everything without a filter', {}, true, true],
    ['a kind that is there', { kinds: ['potholes'] }, true, false],
    ['a kind that is not', { kinds: ['ravelling'] }, false, false],
    ['severity of any kind', { severities: ['L'] }, true, false],
    ['kind and severity of the same damage', { kinds: ['cracking'], severities: ['E'] }, false, false],
    ['extent of any kind', { extent: 2 }, true, false],
    ['extent of the kind that was asked', { kinds: ['cracking'], extent: 2 }, false, false],
    ['a grade', { verdicts: ['bad', 'poor'] }, true, false],
    ['what has no grade', { verdicts: ['not surveyed'] }, false, true],
    ['a plan', { plans: ['later'] }, false, false],
    ['a date in between', { from: '2026-05-14', to: '2026-05-14' }, true, false],
    ['a later date', { from: '2026-05-15' }, false, false],
    ['part of a street, in any case', { street: 'kERk' }, true, false],
  ])('%s', (_, part, bad, unseen) => {
    const filter = segmentFilter(on(part));
    expect([passes(filter, BAD), passes(filter, UNSEEN)]).toEqual([bad, unseen]);
  });
});

describe('defects', () => {
  const pothole: Properties = {
    id: 7,
    kind: 'potholes',
    state: 'new',
    probability: 0.6,
    last_seen: '2026-05-14',
    segment_id: '1',
  };
  it.each<[string, Partial<Filters>, Properties, boolean]>([
    ['are shown', {}, {}, true],
    ['that are gone are not', {}, { state: 'gone' }, false],
    ['that are gone, when asked for', { states: ['gone'] }, { state: 'gone', probability: 0.05 }, true],
    ['of another kind are not', { kinds: ['cracking'] }, {}, false],
    ['that are doubtful are not', { probability: 0.7 }, {}, false],
    [
      'that were rejected are shown whatever their probability',
      { probability: 0.7, states: ['rejected'] },
      { state: 'rejected', probability: 0 },
      true,
    ],
    ['seen before the date are not', { from: '2026-06-01' }, {}, false],
  ])('%s', (_, part, properties, shown) => {
    expect(passes(defectFilter(on(part)), { ...pothole, ...properties })).toBe(shown);
  });

  it('keep to the street that was asked for', () => {
    expect(passes(defectFilter(NO_FILTERS, ['1']), pothole)).toBe(true);
    expect(passes(defectFilter(NO_FILTERS, ['2']), pothole)).toBe(false);
    expect(passes(defectFilter(NO_FILTERS, []), pothole)).toBe(false);
  });
});

describe('as CQL2 text', () => {
  it('everything is no text', () => expect(segmentQuery(NO_FILTERS)).toBe(''));

  it('says the same as the filter that draws', () => {
    const f = on({ kinds: ['potholes'], severities: ['M', 'E'], extent: 2, verdicts: ['bad'], plans: ['year 1'] });
    expect(segmentQuery(f)).toBe(
      "((potholes_severity IN ('M','E') AND potholes_extent >= 2)) AND (grade IN ('bad') OR status IN ('bad')) AND plan IN ('year 1')",
    );
  });

  it('quotes what people type, and looks for it as it stands', () => {
    expect(segmentQuery(on({ street: "'t Zand_50%" }))).toBe("CASEI(name) LIKE CASEI('%''t Zand\\_50\\%%')");
  });
});

it('counts what differs from showing everything', () => {
  expect(activeFilters(NO_FILTERS)).toBe(0);
  expect(activeFilters(on({ kinds: ['potholes'], from: '2026-01-01', to: '2026-02-01', states: ['gone'] }))).toBe(3);
  expect(activeFilters(on({ states: [...SHOWN_STATES] }))).toBe(0);
});
