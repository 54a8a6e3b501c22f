import { describe, expect, it } from 'vitest';
import type { Survey, SurveyFile } from '../../src/types';
import { type Kept, match } from '../../src/upload/memory';
import { paths, pick } from './picked';

const waitsFor = (id: string, ...files: Partial<SurveyFile>[]): Survey =>
  ({
    id,
    name: id,
    state: 'uploading',
    files: files.map((file, i) => ({ id: `${id}${i}`, size: 10, received: 0, state: 'announced', ...file })),
  }) as Survey;
const kept = (id: string, name: string, modified: number): Kept => ({
  id,
  name: id,
  announced: 0,
  files: [{ name, size: 10, modified }],
});
const THEN = 1_700_000_000_000;

describe('files that an unfinished survey waits for', () => {
  it('are known by name and size', () => {
    const found = match([pick('DCIM/a.mp4'), pick('a.mp4', 11), pick('b.mp4')], [waitsFor('s', { name: 'a.mp4' })], []);
    expect(found.matches.map(({ survey, files }) => [survey.id, [...files.keys()]])).toEqual([['s', ['s0']]]);
    expect(paths(found.fresh)).toEqual(['a.mp4', 'b.mp4']);
  });

  it('are each given once, to the survey that comes first', () => {
    const surveys = [waitsFor('s', { name: 'a.mp4' }), waitsFor('t', { name: 'a.mp4' })];
    const found = match([pick('x/a.mp4'), pick('y/a.mp4'), pick('z/a.mp4')], surveys, []);
    expect(found.matches.map(({ survey, files }) => [survey.id, paths([...files.values()])])).toEqual([
      ['s', ['x/a.mp4']],
      ['t', ['y/a.mp4']],
    ]);
    expect(paths(found.fresh)).toEqual(['z/a.mp4']);
  });

  it.each(['complete', 'removed'] as const)('are not those that are %s', (state) => {
    expect(match([pick('a.mp4')], [waitsFor('s', { name: 'a.mp4', state })], []).fresh).toHaveLength(1);
  });

  it('must not have changed since a part of them was sent', () => {
    const begun = [waitsFor('s', { name: 'a.mp4', state: 'receiving', received: 5 })];
    const memory = [kept('s', 'a.mp4', THEN)];
    expect(match([pick('a.mp4', 10, THEN)], begun, memory).matches).toHaveLength(1);
    expect(paths(match([pick('a.mp4', 10, THEN + 1)], begun, memory).changed)).toEqual(['a.mp4']);
    expect(match([pick('a.mp4', 10, THEN + 1)], [waitsFor('s', { name: 'a.mp4' })], memory).matches).toHaveLength(1);
  });
});
