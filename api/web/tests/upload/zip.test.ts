import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Picked } from '../../src/upload/grouping';
import { pack, zips } from '../../src/upload/zip';
import { pick } from './picked';

const folder = mkdtempSync(join(tmpdir(), 'zip-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What Python's zipfile reads in it; it checks every checksum. */
async function read(zip: File): Promise<Record<string, string>> {
  const path = join(folder, zip.name);
  writeFileSync(path, new Uint8Array(await zip.arrayBuffer()));
  const script = `
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    assert z.testzip() is None
    print(json.dumps({i.filename: z.read(i).decode() for i in z.infolist()}))`;
  return JSON.parse(execFileSync('python3', ['-c', script, path], { encoding: 'utf-8' }));
}

const photos: Picked[] = [
  pick('m/één.jpg', 'first'),
  pick('m/2.jpg', 'second '.repeat(9000)),
  pick('m/3.png', 'third'),
];

describe('photos in a zip', () => {
  it('are read back by another program', async () => {
    const [zip] = zips('m', photos);
    const made = zip && (await pack(zip));
    expect(made && (await read(made))).toEqual({
      'één.jpg': 'first',
      '2.jpg': 'second '.repeat(9000),
      '3.png': 'third',
    });
  });

  it('have the size that was announced, and the same bytes each time', async () => {
    const [zip] = zips('m', photos);
    if (!zip) throw new Error('no zip');
    const [one, two] = [await pack(zip), await pack(zip)];
    expect([one.name, one.size]).toEqual(['m.zip', zip.size]);
    expect(await one.text()).toBe(await two.text());
  });

  it('are told one by one', async () => {
    const told: number[] = [];
    for (const zip of zips('m', photos)) await pack(zip, (done) => told.push(done));
    expect(told).toEqual([1, 2, 3]);
  });

  it('go in several where a zip may have fewer', async () => {
    const made = await Promise.all(zips('m', photos, 2).map((zip) => pack(zip)));
    expect(made.map((zip) => zip.name)).toEqual(['m.zip', 'm-2.zip']);
    expect((await Promise.all(made.map(read))).map((files) => Object.keys(files))).toEqual([
      ['één.jpg', '2.jpg'],
      ['3.png'],
    ]);
  });

  it('go in several where one would be too large for its form', () => {
    const large = Array.from({ length: 5 }, (_, i) => ({ path: `${i}.jpg`, file: { size: 9e8 } as File }));
    expect(zips('m', large).map((zip) => zip.photos.length)).toEqual([2, 2, 1]);
    expect(Math.max(...zips('m', large).map((zip) => zip.size))).toBeLessThan(2 ** 32);
  });
});
