import { expect, it } from 'vitest';
import { type Block, CONTENT } from '../../src/help/content';

const shape = (block: Block): string =>
  typeof block === 'string' ? 'text' : 'legend' in block ? block.legend : `list of ${block.list.length}`;

it('says the same in both languages, in the same order', () => {
  const of = (lang: 'nl' | 'en') => CONTENT[lang].map(({ id, blocks }) => [id, blocks.map(shape)]);
  expect(of('en')).toEqual(of('nl'));
});

it('has a place of its own for every section', () => {
  const ids = CONTENT.nl.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
