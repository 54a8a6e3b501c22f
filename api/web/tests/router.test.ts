import { describe, expect, it } from 'vitest';
import { href, parse } from '../src/router';

describe('places', () => {
  it.each([
    ['', '', [], ''],
    ['#/kaart', 'kaart', [], ''],
    ['#/opnames/3f2a', 'opnames', ['3f2a'], ''],
    ['#/opnames/een%20rit?a=b?c', 'opnames', ['een rit'], 'a=b%3Fc'],
    ['#/opnames/%E0%A4%A', 'opnames', ['%E0%A4%A'], ''],
    ['#kaart?x=%26', 'kaart', [], 'x=%26'],
  ])('%s is read', (hash, page, parts, query) => {
    const route = parse(hash);
    expect([route.page, route.parts, route.query.toString()]).toEqual([page, parts, query]);
  });

  it('are written without what is empty', () => {
    expect(href('kaart', { segment: 'a&b', panel: null, mode: '', n: 0 })).toBe('#/kaart?segment=a%26b&n=0');
    expect(href('opnames')).toBe('#/opnames');
  });

  it('come back as they were written', () => {
    const query = { segment: 'Wegvak 12/3 ?#&', q: 'é' };
    expect(Object.fromEntries(parse(href('kaart', query)).query)).toEqual(query);
  });
});
