import { expect, it } from 'vitest';
import { type Export, newest } from '../../src/downloads/exports';

const made = (id: string, version: string, created_utc: string, part: Partial<Export> = {}): Export =>
  ({ id, format: 'gpkg', lang: 'nl', version, created_utc, ...part }) as Export;

it('offers the file of this state of the map before a newer one of another', () => {
  const all = [made('a', '2.0', '2026-01-01T00:00:00Z'), made('b', '1.9', '2026-02-01T00:00:00Z')];
  expect(newest(all, 'gpkg', 'nl', '2.0')?.id).toBe('a');
});

it('offers the newest otherwise, of the language that was asked', () => {
  const all = [
    made('a', '1.0', '2026-01-01T00:00:00Z'),
    made('b', '1.9', '2026-02-01T00:00:00Z'),
    made('c', '2.0', '2026-03-01T00:00:00Z', { lang: 'en' }),
    made('d', '2.0', '2026-03-01T00:00:00Z', { format: 'csv' }),
  ];
  expect(newest(all, 'gpkg', 'nl', '2.0')?.id).toBe('b');
  expect(newest(all, 'pdf', 'nl', '2.0')).toBeUndefined();
});
