/** What the planner wants to see: the same filter as a MapLibre expression (drawing) and as CQL2 text (counting). */

import type { ExpressionSpecification } from 'maplibre-gl';
import { GRADES, KINDS, type Kind, type PLANS, SEVERITIES, type Severity, STATES } from './types';

/** Grades, and the two states of a segment without one. */
export const VERDICTS = [...GRADES, 'too little seen', 'not surveyed'] as const;
export const HIDDEN_STATES: readonly string[] = ['gone', 'rejected'];
export const SHOWN_STATES = STATES.filter((state) => !HIDDEN_STATES.includes(state));

/** An empty list lets everything through; `states` lists what is shown. Dates are ISO 8601, inclusive. */
export interface Filters {
  kinds: Kind[];
  severities: Severity[];
  extent: 0 | 1 | 2 | 3;
  verdicts: (typeof VERDICTS)[number][];
  plans: (typeof PLANS)[number][];
  from: string;
  to: string;
  street: string;
  probability: number;
  states: (typeof STATES)[number][];
}

export const NO_FILTERS: Filters = {
  kinds: [],
  severities: [],
  extent: 0,
  verdicts: [],
  plans: [],
  from: '',
  to: '',
  street: '',
  probability: 0,
  states: SHOWN_STATES,
};

type Expression = ExpressionSpecification | boolean;

const text = (name: string): ExpressionSpecification => ['coalesce', ['get', name], ''];
const oneOf = (value: ExpressionSpecification, list: readonly string[]): ExpressionSpecification =>
  ['in', value, ['literal', [...list]]] as ExpressionSpecification;
const all = (parts: Expression[]): Expression => (parts.length ? (['all', ...parts] as ExpressionSpecification) : true);

/** Whether the filter asks for damage of a certain kind, severity or extent. */
export const asksDamage = (f: Filters): boolean => f.kinds.length + f.severities.length > 0 || f.extent > 0;

/** How many parts of the filter differ from "show all". */
export function activeFilters(f: Filters): number {
  const states = f.states.length !== SHOWN_STATES.length || f.states.some((state) => HIDDEN_STATES.includes(state));
  return [
    f.kinds.length,
    f.severities.length,
    f.extent,
    f.verdicts.length,
    f.plans.length,
    f.from || f.to,
    f.street,
    f.probability,
    states,
  ].filter(Boolean).length;
}

/** The filter of the layer `segments`. */
export function segmentFilter(f: Filters): Expression {
  const parts: Expression[] = [];
  if (asksDamage(f)) {
    const kinds = f.kinds.length ? f.kinds : KINDS;
    const severities = f.severities.length ? f.severities : SEVERITIES;
    parts.push([
      'any',
      ...kinds.map((kind) => [
        'all',
        oneOf(text(`${kind}_severity`), severities),
        ['>=', ['coalesce', ['get', `${kind}_extent`], 0], f.extent],
      ]),
    ] as ExpressionSpecification);
  }
  if (f.verdicts.length) {
    parts.push(['any', oneOf(text('grade'), f.verdicts), oneOf(text('status'), f.verdicts)]);
  }
  if (f.plans.length) parts.push(oneOf(text('plan'), f.plans));
  if (f.from || f.to) parts.push(...within('last_surveyed', f));
  if (f.street) parts.push(['in', f.street.toLowerCase(), ['downcase', text('name')]]);
  return all(parts);
}

/** The filter of the layer `defects`. `segments`: ids of the street that was asked for; null when none was. */
export function defectFilter(f: Filters, segments: readonly string[] | null = null): Expression {
  const parts: Expression[] = [oneOf(text('state'), f.states)];
  if (f.kinds.length) parts.push(oneOf(text('kind'), f.kinds));
  if (f.probability > 0) {
    const shown = ['>=', ['coalesce', ['get', 'probability'], 0], f.probability] as ExpressionSpecification;
    // What is gone or rejected has hardly any probability left; whoever asks for it wants to see it.
    parts.push(['any', shown, oneOf(text('state'), HIDDEN_STATES)]);
  }
  if (f.from || f.to) parts.push(...within('last_seen', f));
  if (segments) parts.push(oneOf(text('segment_id'), segments));
  return all(parts);
}

function within(name: string, f: Filters): Expression[] {
  const parts: Expression[] = [['!=', text(name), '']];
  if (f.from) parts.push(['>=', text(name), f.from]);
  if (f.to) parts.push(['<=', text(name), f.to]);
  return parts;
}

const quoted = (value: string): string => `'${value.replaceAll("'", "''")}'`;
const listed = (values: readonly string[]): string => `(${values.map(quoted).join(',')})`;

/** `segmentFilter` as CQL2 text, for counting on the server; empty for everything. */
export function segmentQuery(f: Filters): string {
  const parts: string[] = [];
  if (asksDamage(f)) {
    const kinds = f.kinds.length ? f.kinds : KINDS;
    const severities = f.severities.length ? f.severities : SEVERITIES;
    const of = kinds.map((kind) => `(${kind}_severity IN ${listed(severities)} AND ${kind}_extent >= ${f.extent})`);
    parts.push(`(${of.join(' OR ')})`);
  }
  if (f.verdicts.length) parts.push(`(grade IN ${listed(f.verdicts)} OR status IN ${listed(f.verdicts)})`);
  if (f.plans.length) parts.push(`plan IN ${listed(f.plans)}`);
  if (f.from) parts.push(`last_surveyed >= ${quoted(f.from)}`);
  if (f.to) parts.push(`last_surveyed <= ${quoted(f.to)}`);
  if (f.street) parts.push(`CASEI(name) LIKE CASEI(${quoted(`%${f.street.replace(/[\\%_]/g, '\\$&')}%`)})`);
  return parts.join(' AND ');
}
