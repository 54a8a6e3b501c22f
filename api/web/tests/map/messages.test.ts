import { describe, expect, it } from 'vitest';
import { legendOf } from '../../src/map/legend';
import { entryWord, type Group, mapMessages, word } from '../../src/map/messages';
import * as types from '../../src/map/types';
import { MODES } from '../../src/map/url';

const sources = import.meta.glob<string>('../../src/{map,review,downloads}/*.{ts,tsx}', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const code = Object.entries(sources)
  .filter(([path]) => !path.endsWith('messages.ts'))
  .map(([, text]) => text)
  .join('\n');
const texts = import.meta.glob<Record<string, { tables?: { nl: Record<string, string> } }>>(
  '../../src/{map,review,downloads}/messages.ts',
  { eager: true },
);

describe.each(Object.entries(texts))('%s', (_, exported) => {
  it('has no text that nothing shows', () => {
    const keys = Object.values(exported).flatMap((thing) => Object.keys(thing.tables?.nl ?? {}));
    const unused = keys.filter((key) => !key.includes('.') && !code.includes(`'${key}'`));
    expect(keys.length).toBeGreaterThan(10);
    expect(unused).toEqual([]);
  });
});

describe('the words of the server', () => {
  it.each<[Group, readonly string[]]>([
    ['kind', types.KINDS],
    ['severity', types.SEVERITIES],
    ['plan', types.PLANS],
    ['grade', types.GRADES],
    ['status', types.STATUSES],
    ['state', types.STATES],
    ['change', [...types.CHANGES, ...types.DEFECT_CHANGES]],
    ['review', ['accepted', 'rejected', 'relabelled']],
    ['decision', ['accept', 'reject', 'relabel', 'undo']],
  ])('%s is known in both languages', (group, values) => {
    for (const value of values) expect(mapMessages.tables.nl).toHaveProperty([`${group}.${value}`]);
  });

  it('that are not coded stay as they are', () => {
    expect(word('unseen', 'fog on the lens')).toBe('fog on the lens');
    expect(word('lane', null)).toBe('–');
  });
});

it('every entry of every legend has a text', () => {
  const grades = types.GRADES.map((name) => ({ name, name_nl: name, colour: '#000000' }));
  for (const mode of MODES) {
    for (const entry of legendOf(mode, grades)) {
      expect(
        Object.values(mapMessages.tables).some((table) => Object.values(table).includes(entryWord(entry.word))),
      ).toBe(true);
    }
  }
});
