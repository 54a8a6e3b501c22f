import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const address = { hash: '#/kaart?segment=a' };
const write = (_state: null, _title: string, hash: string): void => {
  address.hash = hash;
};

beforeEach(() => {
  vi.resetModules();
  vi.stubGlobal('location', address);
  vi.stubGlobal('history', { replaceState: vi.fn(write), pushState: vi.fn(write) });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

it('a link that was just clicked is not lost when the map moves before its event comes', async () => {
  const { change, view } = await import('../../src/map/view');
  address.hash = '#/kaart?segment=a&defect=7';
  change({ position: { zoom: 15, lat: 52.22, lon: 6.89 } });
  expect([view.value.segment, view.value.defect, view.value.position?.zoom]).toEqual(['a', 7, 15]);
  expect(address.hash).toBe('#/kaart?at=15.00_52.22000_6.89000&segment=a&defect=7');
});

it('a step in the history is kept for what "back" undoes', async () => {
  address.hash = '#/kaart';
  const { change } = await import('../../src/map/view');
  change({ mode: 'coverage' });
  change({ segment: 'b' });
  expect(vi.mocked(history.replaceState)).toHaveBeenCalledTimes(1);
  expect(vi.mocked(history.pushState)).toHaveBeenCalledTimes(1);
  expect(address.hash).toBe('#/kaart?mode=coverage&segment=b');
});
