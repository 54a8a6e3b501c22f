/** The page's address: where the map is, what is chosen and what is filtered, so that a view can be shared. */

import { type Filters, NO_FILTERS, SHOWN_STATES, VERDICTS } from './filters';
import { KINDS, PLANS, SEVERITIES, STATES } from './types';

export const MODES = ['condition', 'coverage', 'plan', 'confidence'] as const;
export type Mode = (typeof MODES)[number];
export const PANELS = ['filters', 'view', 'priorities', 'compare'] as const;
export type Panel = (typeof PANELS)[number];

export interface Position {
  lon: number;
  lat: number;
  zoom: number;
}

export interface View {
  position: Position | null;
  mode: Mode;
  segment: string | null;
  defect: number | null;
  panel: Panel | null;
  before: string;
  after: string;
  filters: Filters;
}

export const START: View = {
  position: null,
  mode: 'condition',
  segment: null,
  defect: null,
  panel: null,
  before: '',
  after: '',
  filters: NO_FILTERS,
};

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const LONGEST = 200;

/** Write a position as the part `at` of a query. */
export const writePosition = ({ zoom, lat, lon }: Position): string =>
  `${zoom.toFixed(2)}_${lat.toFixed(5)}_${lon.toFixed(5)}`;

/** Write a view as the parts of a query, without what is as at the start. */
export function writeView(view: View): Record<string, string> {
  const query: Record<string, string> = {};
  const put = (name: string, value: string | null, unless = ''): void => {
    if (value !== null && value !== unless) query[name] = value;
  };
  const { position: p, filters: f } = view;
  if (p) put('at', writePosition(p));
  put('mode', view.mode, 'condition');
  put('segment', view.segment);
  put('defect', view.defect === null ? null : String(view.defect));
  put('panel', view.panel);
  put('before', view.before);
  put('after', view.after);
  put('kind', f.kinds.join('.'));
  put('severity', f.severities.join('.'));
  put('extent', String(f.extent), '0');
  put('grade', f.verdicts.join('.'));
  put('plan', f.plans.join('.'));
  put('from', f.from);
  put('to', f.to);
  put('street', f.street);
  put('probability', String(f.probability), '0');
  put('state', f.states.join('.') || 'none', SHOWN_STATES.join('.'));
  return query;
}

/** Read a query; what it doesn't say, or says wrongly, is as at the start. */
export function readView(query: URLSearchParams): View {
  const one = <T extends string>(name: string, of: readonly T[]): T | null =>
    of.find((value) => value === query.get(name)) ?? null;
  const some = <T extends string>(name: string, of: readonly T[]): T[] => {
    const given = (query.get(name) ?? '').split('.');
    return of.filter((value) => given.includes(value));
  };
  const date = (name: string): string => {
    const given = query.get(name) ?? '';
    return DATE.test(given) ? given : '';
  };
  const defect = Number(query.get('defect') ?? Number.NaN);
  const probability = Number(query.get('probability') ?? 0);
  const extent = ([1, 2, 3] as const).find((value) => String(value) === query.get('extent')) ?? 0;
  return {
    position: readPosition(query.get('at')),
    mode: one('mode', MODES) ?? 'condition',
    segment: query.get('segment')?.slice(0, LONGEST) || null,
    defect: Number.isSafeInteger(defect) && defect >= 0 ? defect : null,
    panel: one('panel', PANELS),
    before: date('before'),
    after: date('after'),
    filters: {
      kinds: some('kind', KINDS),
      severities: some('severity', SEVERITIES),
      extent,
      verdicts: some('grade', VERDICTS),
      plans: some('plan', PLANS),
      from: date('from'),
      to: date('to'),
      street: (query.get('street') ?? '').slice(0, LONGEST),
      probability: probability > 0 && probability <= 1 ? probability : 0,
      states: query.has('state') ? some('state', STATES) : SHOWN_STATES,
    },
  };
}

function readPosition(at: string | null): Position | null {
  const parts = (at ?? '').split('_');
  const [zoom, lat, lon] = parts.map(Number);
  if (parts.length !== 3 || parts.includes('') || zoom === undefined || lat === undefined || lon === undefined)
    return null;
  const sane = zoom >= 0 && zoom <= 24 && Math.abs(lat) <= 85.06 && Math.abs(lon) <= 180;
  return sane ? { zoom, lat, lon } : null;
}
