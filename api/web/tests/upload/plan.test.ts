import { describe, expect, it } from 'vitest';
import {
  add,
  choose,
  drop,
  dropLoose,
  EMPTY,
  give,
  join,
  type Plan,
  rename,
  size,
  split,
  takeOut,
} from '../../src/upload/plan';
import { paths, pick } from './picked';

const LIMITS = { upload_bytes: 1000 };
const of = (...given: string[]): Plan =>
  add(
    EMPTY,
    given.map((path) => pick(path)),
    LIMITS,
  );
const shape = (plan: Plan): string[][] => plan.drives.map((one) => paths(one.files));
const id = (plan: Plan, at: number): number => plan.drives[at]?.id ?? Number.NaN;

describe('adding', () => {
  it('groups again what was not changed by hand: a later chapter joins its drive', () => {
    const plan = add(of('GX010001.MP4'), [pick('GX020001.MP4')], LIMITS);
    expect(shape(plan)).toEqual([['GX010001.MP4', 'GX020001.MP4']]);
  });

  it('gives a later track to the video of its name', () => {
    expect(shape(add(of('a.mp4', 'b.mp4'), [pick('a.gpx')], LIMITS))).toEqual([['a.mp4', 'a.gpx'], ['b.mp4']]);
  });

  it('keeps names and choices of drives that stay the same', () => {
    let plan = of('a.mp4', 'b.mp4');
    plan = choose(rename(plan, id(plan, 0), 'Noord'), id(plan, 1), false);
    plan = add(plan, [pick('c.mp4')], LIMITS);
    expect(plan.drives.map((one) => [one.name, one.send])).toEqual([
      ['Noord', true],
      ['b', false],
      ['c', true],
    ]);
  });

  it('leaves what was changed by hand as it is', () => {
    let plan = of('GX010001.MP4', 'GX020001.MP4');
    plan = add(split(plan, id(plan, 0)), [pick('GX030001.MP4'), pick('GX010001.gpx')], LIMITS);
    expect(shape(plan)).toEqual([['GX010001.MP4', 'GX010001.gpx'], ['GX020001.MP4'], ['GX030001.MP4']]);
  });

  it('waits with a rear camera, unless there is no other', () => {
    expect(of('20261124_140500_NF.mp4', '20261124_140500_NR.mp4').drives.map((one) => one.send)).toEqual([true, false]);
    expect(of('20261124_140500_NR.mp4').drives.map((one) => one.send)).toEqual([true]);
  });
});

describe('changing', () => {
  it('splits into recordings and joins them again', () => {
    const whole = of('GX010001.MP4', 'GX020001.MP4', 'GX010001.gpx');
    const parts = split(whole, id(whole, 0));
    expect(shape(parts)).toEqual([['GX010001.MP4', 'GX010001.gpx'], ['GX020001.MP4']]);
    expect(shape(join(parts, id(parts, 1)))).toEqual([['GX010001.MP4', 'GX010001.gpx', 'GX020001.MP4']]);
  });

  it('joins nothing to the first', () => {
    const plan = of('a.mp4', 'b.mp4');
    expect(join(plan, id(plan, 0))).toBe(plan);
  });

  it('removes a drive with its last file', () => {
    const plan = of('a.mp4', 'b.mp4');
    const [file] = plan.drives[0]?.files ?? [];
    expect(file && shape(takeOut(plan, id(plan, 0), file))).toEqual([['b.mp4']]);
    expect(shape(drop(plan, id(plan, 1)))).toEqual([['a.mp4']]);
  });

  it('gives a loose track to the chosen drive, or forgets it', () => {
    const plan = of('a.mp4', 'b.mp4', 'rit.gpx');
    const [track] = plan.loose;
    if (!track) throw new Error('the track should be loose');
    const given = give(plan, track, id(plan, 1));
    expect([shape(given), given.loose]).toEqual([[['a.mp4'], ['b.mp4', 'rit.gpx']], []]);
    expect(dropLoose(plan, track).loose).toEqual([]);
  });

  it('knows the size of a drive', () => {
    expect(of('GX010001.MP4', 'GX020001.MP4').drives.map(size)).toEqual([20]);
  });
});
