/** What the map tells apart, with colour, width and dashes: the one list for the drawing and for the legend. */

import type { Grade } from '../types';
import type { Mode } from './url';

export const GREY = '#8a8f98';
export const SLATE = '#66789a';
export const SEEN = '#4c78a8';
export const UNSEEN = '#a04fc0';

/** Rings of defects, for those that tell something new. */
export const STATE_COLOURS: Record<string, string> = {
  new: '#d62728',
  grown: '#f08a24',
  'first seen': '#4c78a8',
  'seen again': '#6b7280',
  'not seen again': '#b07cc6',
  gone: '#bfc4cc',
  rejected: '#bfc4cc',
};
export const CHANGE_COLOURS: Record<string, string> = {
  worse: '#b3123f',
  better: '#1b9e6b',
  'no clear change': SLATE,
  'not comparable': GREY,
  new: '#d62728',
  grown: '#f08a24',
  'first seen': '#4c78a8',
  gone: '#1b9e6b',
};

/**
 * One class of segments. `word` is its message, `value` what the column says, or a number from `low` up to the entry
 * before it. Worse is wider and has a pattern in the middle of the line, for those who can't tell the colours apart.
 * Dashes are in line widths.
 */
export interface Entry {
  word: string;
  colour: string;
  width: number;
  value?: string;
  low?: number;
  dash?: [number, number];
  pattern?: [number, number];
}

export interface Theme {
  column: string;
  entries: Entry[];
}

/** Segments without a grade. Not surveyed is dashed, too little seen is dotted: neither looks like good. */
export const NOT_SURVEYED: Entry = {
  word: 'not surveyed',
  value: 'not surveyed',
  colour: GREY,
  width: 0.55,
  dash: [3, 2.5],
};
export const TOO_LITTLE: Entry = {
  word: 'too little seen',
  value: 'too little seen',
  colour: SLATE,
  width: 0.8,
  dash: [0.8, 1],
};

const PATTERNS: (Entry['pattern'] | undefined)[] = [undefined, undefined, [1, 5], [4, 3]];
const width = (rank: number): number => 1 + 0.22 * rank;

/** How segments are coloured in a mode; `grades` come from the server, best first. */
export function themeOf(mode: Mode, grades: readonly Grade[]): Theme {
  switch (mode) {
    case 'condition':
      return {
        column: 'grade',
        entries: grades.map((grade, rank) => ({
          word: grade.name,
          value: grade.name,
          colour: grade.colour,
          width: width(rank),
          ...patterned(rank),
        })),
      };
    case 'plan': {
      const worst = [...grades].reverse();
      return {
        column: 'plan',
        entries: ['year 1', '1-2 years', '3-5 years', 'later'].map((plan, i) => ({
          word: plan,
          value: plan,
          colour: worst[i]?.colour ?? GREY,
          width: width(3 - i),
          ...patterned(3 - i),
        })),
      };
    }
    case 'coverage':
      return {
        column: 'coverage',
        entries: [
          { word: 'seen 80', low: 0.8, colour: '#2b5d8c', width: 1.3 },
          { word: 'seen 50', low: 0.5, colour: '#4f8fc4', width: 1.15 },
          { word: 'seen less', low: 0.00005, colour: '#b07cc6', width: 1, pattern: [1, 3] },
        ],
      };
    case 'confidence':
      return {
        column: 'confidence',
        entries: [
          { word: 'sure 75', low: 0.75, colour: '#1d4f91', width: 1.3 },
          { word: 'sure 50', low: 0.5, colour: '#3f8fc0', width: 1.15 },
          { word: 'sure 25', low: 0.25, colour: '#7cc0bf', width: 1, pattern: [1, 5] },
          { word: 'sure less', low: 0, colour: '#c6b45a', width: 1, pattern: [3, 3] },
        ],
      };
  }
}

/** What the comparison of two days draws. */
export const CHANGED: readonly Entry[] = [
  { word: 'worse', value: 'worse', colour: CHANGE_COLOURS.worse ?? GREY, width: 1.6 },
  { word: 'better', value: 'better', colour: CHANGE_COLOURS.better ?? GREY, width: 1.4, dash: [2.5, 1] },
  { word: 'no clear change', value: 'no clear change', colour: SLATE, width: 0.9 },
  { word: 'not comparable', value: 'not comparable', colour: GREY, width: 0.5, dash: [3, 2.5] },
];

/** Defects whose ring tells something new. */
export const DEFECT_LEGEND_STATES = ['new', 'grown'] as const;

/** What the coverage mode draws from close by: stretches of segments. */
export const STRETCHES: readonly Entry[] = [
  { word: 'seen stretch', colour: SEEN, width: 1.2 },
  { word: 'unseen stretch', colour: UNSEEN, width: 1.3, dash: [0.6, 0.9] },
];

/** Every class that a mode draws, in the order of the legend. */
export function legendOf(mode: Mode, grades: readonly Grade[]): Entry[] {
  const { entries } = themeOf(mode, grades);
  return mode === 'coverage' ? [...entries, NOT_SURVEYED, ...STRETCHES] : [...entries, TOO_LITTLE, NOT_SURVEYED];
}

/** The segments of a class as CQL2 text; null for what isn't a class of segments. */
export function valueQuery(mode: Mode, entry: Entry): string | null {
  if (entry.value === NOT_SURVEYED.value || entry.value === TOO_LITTLE.value) return `status = '${entry.value}'`;
  const { column, entries } = themeOf(mode, []);
  if (entry.value !== undefined) return `${column} = '${entry.value}'`;
  const place = entries.findIndex((other) => other.word === entry.word);
  if (place < 0) return null;
  const above = entries[place - 1]?.low;
  const parts = [mode === 'confidence' ? "status = 'graded'" : '', `${column} >= ${entry.low}`];
  return [...parts, above === undefined ? '' : `${column} < ${above}`].filter(Boolean).join(' AND ');
}

const patterned = (rank: number): Pick<Entry, 'pattern'> => {
  const pattern = PATTERNS[rank];
  return pattern ? { pattern } : {};
};
