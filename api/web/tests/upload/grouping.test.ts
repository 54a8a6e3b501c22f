import { describe, expect, it } from 'vitest';
import { type Drive, group, roleOf } from '../../src/upload/grouping';
import { paths, pick } from './picked';

const LIMITS = { upload_bytes: 1000 };
const drives = (...given: string[]): Drive[] =>
  group(
    given.map((path) => pick(path)),
    LIMITS,
  ).drives;
const shape = (...given: string[]): string[][] => drives(...given).map((one) => paths(one.files));

describe('what becomes one survey', () => {
  it.each([
    { what: 'a video is a drive', given: ['a.mp4'], drives: [['a.mp4']] },
    {
      what: 'chapters of a GoPro go together, in the order of the chapters',
      given: ['GX020123.MP4', 'GX010124.MP4', 'GX010123.MP4', 'GX100123.MP4'],
      drives: [['GX010123.MP4', 'GX020123.MP4', 'GX100123.MP4'], ['GX010124.MP4']],
    },
    {
      what: 'older GoPros name the first chapter otherwise',
      given: ['GP010044.MP4', 'GOPR0044.MP4'],
      drives: [['GOPR0044.MP4', 'GP010044.MP4']],
    },
    {
      what: 'GoPros of two folders are two cameras',
      given: ['links/GX010123.MP4', 'rechts/GX020123.MP4'],
      drives: [['links/GX010123.MP4'], ['rechts/GX020123.MP4']],
    },
    {
      what: 'pieces of a loop recorder go together until it stood still',
      given: ['20261124_140500_NF.mp4', '20261124_140600_NF.mp4', '20261124_150000_NF.mp4'],
      drives: [['20261124_140500_NF.mp4', '20261124_140600_NF.mp4'], ['20261124_150000_NF.mp4']],
    },
    {
      what: 'also over midnight',
      given: ['2026_1231_235800_0001F.MP4', '2027_0101_000100_0002F.MP4'],
      drives: [['2026_1231_235800_0001F.MP4', '2027_0101_000100_0002F.MP4']],
    },
    {
      what: 'the rear camera is another drive',
      given: ['20261124_140500_NF.mp4', '20261124_140500_NR.mp4'],
      drives: [['20261124_140500_NF.mp4'], ['20261124_140500_NR.mp4']],
    },
    {
      what: 'a track goes with the video of its name',
      given: ['b.mp4', 'a.mp4', 'A.gpx'],
      drives: [['a.mp4', 'A.gpx'], ['b.mp4']],
    },
    {
      what: 'of two videos with that name, the one in its folder',
      given: ['x/a.mp4', 'y/a.mp4', 'y/a.nmea'],
      drives: [['x/a.mp4'], ['y/a.mp4', 'y/a.nmea']],
    },
    { what: 'a lone track goes with a lone drive', given: ['a.mp4', 'rit.gpx'], drives: [['a.mp4', 'rit.gpx']] },
    {
      what: 'photos of a folder are a drive',
      given: ['m/2.jpg', 'm/1.jpg', 'n/1.jpg', 'm/10.jpg'],
      drives: [['m/1.jpg', 'm/2.jpg', 'm/10.jpg'], ['n/1.jpg']],
    },
    { what: 'a zip is a drive', given: ['fotos.zip'], drives: [['fotos.zip']] },
    {
      what: 'a camera profile goes with all drives',
      given: ['a.mp4', 'b.mp4', 'camera.yaml'],
      drives: [
        ['a.mp4', 'camera.yaml'],
        ['b.mp4', 'camera.yaml'],
      ],
    },
    {
      what: 'what a camera writes beside it is not missed',
      given: ['a.mp4', 'a.lrv', 'a.thm', '.DS_Store'],
      drives: [['a.mp4']],
    },
    { what: 'the same file twice is one', given: ['a.mp4', 'a.mp4'], drives: [['a.mp4']] },
  ])('$what', ({ given, drives: expected }) => {
    expect(shape(...given)).toEqual(expected);
    expect(shape(...given.toReversed())).toEqual(expected);
  });

  it('loses no file and gives no recording to two drives, however many of each kind are picked', () => {
    const names = ['GX01', 'GX02'].flatMap((head) => ['0001', '0002'].map((number) => `${head}${number}.MP4`));
    const given = [
      ...names,
      '20260101_120000.mp4',
      '20260101_120500.mp4',
      'GX010001.gpx',
      'los.gpx',
      'f/1.jpg',
      'f/2.jpg',
    ];
    for (let mask = 1; mask < 2 ** given.length; mask += 7) {
      const some = given.filter((_, i) => mask & (2 ** i));
      const found = group(
        some.map((path) => pick(path)),
        LIMITS,
      );
      expect([...found.drives.flatMap((one) => paths(one.files)), ...paths(found.loose)].sort()).toEqual(
        [...some].sort(),
      );
    }
  });

  it('names a drive after its first file, photos after their folder', () => {
    expect(drives('GX010123.MP4', 'GX020123.MP4', 'rit/1.jpg').map((one) => one.name)).toEqual(['GX010123', 'rit']);
  });

  it('says that a drive is of the rear camera', () => {
    expect(drives('20261124_140500_NF.mp4', '20261124_140500_NR.mp4').map((one) => one.rear)).toEqual([false, true]);
  });

  it('says at once what is not taken, and why', () => {
    const { refused } = group([pick('a.docx'), pick('b.mp4', 0), pick('c.mp4', 1001), pick('d.mp4', 1000)], LIMITS);
    expect(refused).toEqual([
      { path: 'a.docx', why: 'unknown' },
      { path: 'b.mp4', why: 'empty' },
      { path: 'c.mp4', why: 'tooLarge' },
    ]);
  });

  it('leaves tracks loose that could be of several drives', () => {
    const { loose } = group([pick('a.mp4'), pick('b.mp4'), pick('rit.gpx')], LIMITS);
    expect(paths(loose)).toEqual(['rit.gpx']);
  });
});

describe('roles', () => {
  it.each([
    ['A.MP4', 'video'],
    ['x/y.360', 'video'],
    ['t.nmea', 'track'],
    ['p.JPEG', 'photo'],
    ['z.zip', 'zip'],
    ['c.yml', 'camera'],
    ['folder.mp4/readme', undefined],
    ['mp4', undefined],
  ])('%s is %s', (path, role) => {
    expect(roleOf(path)).toBe(role);
  });
});
