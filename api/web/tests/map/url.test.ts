import { describe, expect, it } from 'vitest';
import { NO_FILTERS } from '../../src/map/filters';
import { readView, START, type View, writeView } from '../../src/map/url';

const roundTrip = (view: View): View => readView(new URLSearchParams(writeView(view)));

describe('the address of a view', () => {
  it('is empty at the start', () => {
    expect(writeView(START)).toEqual({});
    expect(readView(new URLSearchParams())).toEqual(START);
  });

  it('brings everything back', () => {
    const view: View = {
      position: { lon: 6.89025, lat: 52.22008, zoom: 15.25 },
      mode: 'coverage',
      segment: 'NL.IMBOR/12 & 3',
      defect: 17,
      panel: 'compare',
      before: '2025-03-18',
      after: '2026-10-12',
      filters: {
        kinds: ['potholes'],
        severities: ['M', 'E'],
        extent: 2,
        verdicts: ['bad', 'not surveyed'],
        plans: ['year 1', '3-5 years'],
        from: '2026-01-01',
        to: '2026-12-31',
        street: "'t Zand & omstreken",
        probability: 0.35,
        states: ['new', 'gone'],
      },
    };
    expect(roundTrip(view)).toEqual(view);
  });

  it('tells no state from all that are usual', () => {
    const none: View = { ...START, filters: { ...NO_FILTERS, states: [] } };
    expect(roundTrip(none).filters.states).toEqual([]);
  });

  it.each([
    ['at=15_52', 'position', null],
    ['at=15_95_6', 'position', null],
    ['at=__', 'position', null],
    ['mode=colour', 'mode', 'condition'],
    ['defect=-3', 'defect', null],
    ['defect=1.5', 'defect', null],
    ['segment=', 'segment', null],
    ['panel=x', 'panel', null],
    ['before=tomorrow', 'before', ''],
  ] as const)('%s is as at the start', (text, part, value) => {
    expect(readView(new URLSearchParams(text))[part]).toEqual(value);
  });

  it('a wrong filter filters nothing', () => {
    const { filters } = readView(new URLSearchParams('kind=potholes.rust&extent=7&probability=2&from=2026&grade='));
    expect(filters).toEqual({ ...NO_FILTERS, kinds: ['potholes'] });
  });
});
