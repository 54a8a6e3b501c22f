/** Two languages: texts per page, numbers and dates by Intl. */
import { effect } from '@preact/signals';
import { remembered } from './signals';

export type Lang = 'nl' | 'en';
export const LANGS: readonly Lang[] = ['nl', 'en'];

const asked = (globalThis.navigator?.languages ?? [])
  .map((tag) => tag.slice(0, 2))
  .find((tag) => tag === 'nl' || tag === 'en');
/** The language that is shown; the browser's until the person chooses. */
export const lang = remembered<Lang>('lang', (asked as Lang | undefined) ?? 'nl', LANGS);

effect(() => {
  if (globalThis.document) document.documentElement.lang = lang.value;
});

export type Values = Record<string, string | number>;
export type Tables<K extends string> = Record<Lang, Record<K, string>>;
export type Translate<K extends string> = ((key: K, values?: Values) => string) & { tables: Tables<K> };

/**
 * Make the `t` of one page. `{name}` in a text is replaced by `values.name` (numbers are written by the language's
 * rules); "one|many" chooses by `values.n`.
 */
export function messages<K extends string>(tables: Tables<K>): Translate<K> {
  const t = (key: K, values: Values = {}) => fill(tables[lang.value][key], values);
  return Object.assign(t, { tables });
}

export function fill(text: string, values: Values): string {
  const forms = 'n' in values ? text.split('|') : [text];
  const form = forms.length > 1 && values.n !== 1 ? forms[1] : forms[0];
  return (form ?? text).replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === 'number' ? number(value) : value;
  });
}

/** Choose the language's half of what the server gives in both: `both(finding, 'text')` -> `text_nl` or `text_en`. */
export function both<F extends string>(thing: { [key in `${F}_${Lang}`]: string }, field: F): string {
  return thing[`${field}_${lang.value}`];
}

const LOCALES: Record<Lang, string> = { nl: 'nl-NL', en: 'en-GB' };
const made = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();

function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `n${lang.value}${JSON.stringify(options)}`;
  const format =
    (made.get(key) as Intl.NumberFormat | undefined) ?? new Intl.NumberFormat(LOCALES[lang.value], options);
  made.set(key, format);
  return format;
}

function dateFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `d${lang.value}${JSON.stringify(options)}`;
  const format =
    (made.get(key) as Intl.DateTimeFormat | undefined) ?? new Intl.DateTimeFormat(LOCALES[lang.value], options);
  made.set(key, format);
  return format;
}

/** 12345.678 -> "12.346" / "12,346". */
export const number = (value: number, digits = 0): string =>
  numberFormat({ maximumFractionDigits: digits, minimumFractionDigits: Number.isInteger(value) ? 0 : digits }).format(
    value,
  );

/** 0.73 -> "73%". */
export const percent = (share: number, digits = 0): string =>
  numberFormat({ style: 'percent', maximumFractionDigits: digits }).format(share);

/** Metres -> "830 m" or "12,4 km". */
export const metres = (length_m: number): string =>
  length_m < 1000 ? `${number(Math.round(length_m))} m` : `${number(length_m / 1000, length_m < 100_000 ? 1 : 0)} km`;

/** Square metres -> "0,42 m²" or "12 m²". */
export const squareMetres = (area_m2: number): string => `${number(area_m2, area_m2 < 10 ? 2 : 0)} m²`;

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];
/** Bytes -> "3,2 GB" (powers of ten, as disks and phones count). */
export function bytes(count: number): string {
  let value = Math.max(0, count);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${number(value, unit > 0 && value < 9.95 ? 1 : 0)} ${UNITS[unit]}`;
}

const LONG: Record<Lang, [string, string, string]> = { nl: ['s', 'min', 'uur'], en: ['s', 'min', 'h'] };
/** Seconds -> "40 s", "3 min", "2 uur 5 min"; coarse, as an expectation should be. */
export function duration(seconds: number): string {
  const [second, minute, hour] = LONG[lang.value];
  if (seconds < 59.5) return `${Math.max(1, Math.round(seconds))} ${second}`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} ${minute}`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} ${hour}${rest ? ` ${rest} ${minute}` : ''}`;
}

/** ISO 8601 UTC -> "24 nov 2026". */
export const date = (utc: string): string =>
  dateFormat({ day: 'numeric', month: 'short', year: 'numeric' }).format(new Date(utc));

/** ISO 8601 UTC -> "24 nov 2026, 14:05". */
export const dateTime = (utc: string): string =>
  dateFormat({ day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' }).format(
    new Date(utc),
  );
