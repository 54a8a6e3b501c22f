import { beforeEach, describe, expect, it } from 'vitest';
import { bytes, duration, fill, LANGS, lang, metres, number, type Tables } from '../src/i18n';

const modules = import.meta.glob<Record<string, unknown>>('../src/**/{messages,api}.ts', { eager: true });
const tables: [string, Tables<string>][] = Object.entries(modules).flatMap(([path, exported]) =>
  Object.entries(exported)
    .filter(([, thing]) => typeof thing === 'function' && 'tables' in thing)
    .map(([name, thing]): [string, Tables<string>] => [
      `${path} ${name}`,
      (thing as unknown as { tables: Tables<string> }).tables,
    ]),
);
const names = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g))].sort();

describe.each(tables)('texts of %s', (_, table) => {
  it('are the same in both languages, with the same values to fill in', () => {
    expect(Object.keys(table.en)).toEqual(Object.keys(table.nl));
    for (const [key, text] of Object.entries(table.nl)) {
      const other = table.en[key] ?? '';
      expect([key, names(other)]).toEqual([key, names(text)]);
      expect([key, other.split('|').length]).toEqual([key, text.split('|').length]);
    }
  });

  it('are not empty', () => {
    for (const lang of LANGS) for (const text of Object.values(table[lang])) expect(text.trim()).not.toBe('');
  });
});

it('texts were found', () => {
  expect(tables.length).toBeGreaterThan(3);
});

describe('filling in', () => {
  beforeEach(() => {
    lang.value = 'nl';
  });

  it.each([
    ['{n} bestand|{n} bestanden', { n: 1 }, '1 bestand'],
    ['{n} bestand|{n} bestanden', { n: 0 }, '0 bestanden'],
    ['{n} bestand|{n} bestanden', { n: 1234 }, '1.234 bestanden'],
    ['a|b', {}, 'a|b'],
    ['{name} en {other}', { name: 'x' }, 'x en {other}'],
    ['{name}', { name: '{other}', other: 'y' }, '{other}'],
  ])('%s with %o', (text, values, expected) => {
    expect(fill(text, values)).toBe(expected);
  });

  it('numbers follow the language', () => {
    expect([number(12345.6, 1), metres(12_400), metres(830.4), bytes(3.21e9), bytes(999), bytes(999_600)]).toEqual([
      '12.345,6',
      '12,4 km',
      '830 m',
      '3,2 GB',
      '999 B',
      '1,0 MB',
    ]);
    lang.value = 'en';
    expect([number(12345.6, 1), duration(7500), duration(59.6), duration(0.2)]).toEqual([
      '12,345.6',
      '2 h 5 min',
      '1 min',
      '1 s',
    ]);
  });
});
