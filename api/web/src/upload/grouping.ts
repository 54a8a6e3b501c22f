/** Which files belong together: a drive is what the server looks at as one survey. */

export interface Picked {
  file: File;
  /** Folder and name as picked: "DCIM/100GOPRO/GX010001.MP4". */
  path: string;
  /** Where the browser can give the file again after a reload. */
  handle?: FileSystemFileHandle;
}

export type Role = 'video' | 'track' | 'photo' | 'zip' | 'camera';
export type Refusal = 'unknown' | 'empty' | 'tooLarge';

export interface Drive {
  /** The same for the same files. */
  key: string;
  name: string;
  /** The name it was grouped by; stays when the person gives another. */
  folder: string;
  kind: 'video' | 'photos' | 'zip';
  files: Picked[];
  /** Of a rear camera, by the name its maker gives. */
  rear: boolean;
}

export interface Grouped {
  drives: Drive[];
  /** Tracks and camera profiles that belong to no drive yet. */
  loose: Picked[];
  refused: { path: string; why: Refusal }[];
}

export interface Limits {
  upload_bytes: number;
}

/** As the server takes them: api/uploads/names.py; photos go in a zip (zip.ts). */
const ROLES: Record<Role, readonly string[]> = {
  video: ['mp4', 'mov', 'avi', 'mkv', 'ts', 'm4v', '360', 'webm', 'mts'],
  track: ['gpx', 'nmea', 'nma', 'log', 'txt'],
  photo: ['jpg', 'jpeg', 'png', 'webp'],
  zip: ['zip'],
  camera: ['yaml', 'yml'],
};
/** For `<input accept>`. */
export const ACCEPT = Object.values(ROLES)
  .flat()
  .map((ending) => `.${ending}`)
  .join(',');
export const ACCEPT_TRACK = ROLES.track.map((ending) => `.${ending}`).join(',');
export const ACCEPT_CAMERA = ROLES.camera.map((ending) => `.${ending}`).join(',');

/** What a camera writes beside its videos and nobody misses. */
const BESIDE = ['lrv', 'thm', '3gf', 'glv', 'wav', 'ini', 'db', 'ds_store', 'xml', 'idx'];

const PIECE_GAP_S = 11 * 60; // loop recorders cut a drive in pieces of 1 to 10 minutes

const ENDING = /\.[^.]+$/;
const ending = (path: string): string => /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
export const base = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const folder = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
/** A file's name without its ending, in small letters. */
const stem = (path: string): string => base(path).replace(ENDING, '').toLowerCase();

/** What a drive is called until the person says otherwise. */
export const nameOf = ({ path }: Picked): string => base(path).replace(ENDING, '');

export function roleOf(path: string): Role | undefined {
  const found = ending(path);
  return (Object.keys(ROLES) as Role[]).find((role) => ROLES[role].includes(found));
}

export function group(picked: readonly Picked[], limits: Limits): Grouped {
  const refused: Grouped['refused'] = [];
  const by: Record<Role, Picked[]> = { video: [], track: [], photo: [], zip: [], camera: [] };
  const sorted = [...unique(picked)].sort((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }));
  for (const one of sorted) {
    const role = roleOf(one.path);
    const why = refusal(one, role, limits);
    if (why && why !== 'beside') refused.push({ path: one.path, why });
    if (role && !why) by[role].push(one);
  }
  const drives = [
    ...videoDrives(by.video),
    ...photoDrives(by.photo),
    ...by.zip.map((zip): Drive => drive('zip', nameOf(zip), [zip])),
  ];
  const loose = attach(drives, by.track);
  for (const camera of by.camera) for (const one of drives) one.files.push(camera);
  return { drives, loose: drives.length ? loose : [...loose, ...by.camera], refused };
}

function unique(picked: readonly Picked[]): Picked[] {
  const seen = new Map(picked.map((one) => [`${one.path}|${one.file.size}`, one]));
  return [...seen.values()];
}

function refusal({ file, path }: Picked, role: Role | undefined, limits: Limits): Refusal | 'beside' | undefined {
  if (base(path).startsWith('.') || BESIDE.includes(ending(path))) return 'beside';
  if (!role) return 'unknown';
  if (file.size === 0) return 'empty';
  return file.size > limits.upload_bytes ? 'tooLarge' : undefined;
}

export function drive(kind: Drive['kind'], name: string, files: Picked[], rear = false): Drive {
  return {
    key: files.map((one) => `${one.path}|${one.file.size}`).join('\n'),
    name,
    folder: name,
    kind,
    files: [...files],
    rear,
  };
}

/** One drive per recording: the chapters of a GoPro and the pieces of a loop recorder go together. */
function videoDrives(videos: readonly Picked[]): Drive[] {
  const recordings: { group: string; at_s: number | null; rear: boolean; files: Picked[] }[] = [];
  const ordered = videos.map((one) => ({ one, read: readName(one.path) })).sort((a, b) => order(a.read, b.read));
  for (const { one, read } of ordered) {
    const before = recordings.find(
      (r) =>
        r.group === read.group &&
        (read.at_s === null || (r.at_s !== null && read.at_s - r.at_s >= 0 && read.at_s - r.at_s <= PIECE_GAP_S)),
    );
    if (before) {
      before.files.push(one);
      before.at_s = read.at_s;
    } else recordings.push({ group: read.group, at_s: read.at_s, rear: read.rear, files: [one] });
  }
  return recordings.map((r) => drive('video', r.files[0] ? nameOf(r.files[0]) : '', r.files, r.rear));
}

interface Name {
  group: string;
  at_s: number | null;
  rear: boolean;
  chapter: number;
}

const order = (a: Name, b: Name): number =>
  a.group < b.group ? -1 : a.group > b.group ? 1 : (a.at_s ?? a.chapter) - (b.at_s ?? b.chapter);

/** What makers put in a name: GoPro GX010123 (chapter 01 of 0123), GP010123; others 20261124_140500_NF, 2026_1124_140500_0001F. */
function readName(path: string): Name {
  const name = stem(path);
  const where = folder(path);
  const gopro = /^g[hxp](\d\d)(\d{4})$/.exec(name) ?? /^gopr()(\d{4})$/.exec(name);
  if (gopro) return { group: `${where}/gopro${gopro[2]}`, at_s: null, rear: false, chapter: Number(gopro[1] || 0) };
  const timed = /^(?:\D{0,6})(\d{4})_?(\d\d)(\d\d)[_-]?(\d\d)(\d\d)(\d\d)(?:[_-]?\d{1,6})?(?:[_-]?([a-z]{1,3}))?$/.exec(
    name,
  );
  if (timed) {
    const [, year, month, day, hour, minute, second, channel = ''] = timed;
    const at = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
    const rear = /r$/.test(channel);
    return { group: `${where}/timed${rear ? 'r' : 'f'}`, at_s: at / 1000, rear, chapter: 0 };
  }
  return { group: `${where}/${name}`, at_s: null, rear: false, chapter: 0 };
}

/** The photos of one folder are one drive. */
function photoDrives(photos: readonly Picked[]): Drive[] {
  const folders = new Map<string, Picked[]>();
  for (const one of photos) folders.set(folder(one.path), [...(folders.get(folder(one.path)) ?? []), one]);
  return [...folders].map(([where, files]) =>
    drive('photos', base(where) || (files[0] ? nameOf(files[0]) : ''), files),
  );
}

/** Give each track to the drive with a video of its name; a lone track to a lone drive of video. Returns the others. */
export function attach(drives: readonly Drive[], tracks: readonly Picked[]): Picked[] {
  const video = drives.filter((one) => one.kind === 'video');
  const loose = tracks.filter((track) => {
    const own = video.filter((one) => one.files.some((file) => stem(file.path) === stem(track.path)));
    const near = own.find((one) => one.files.some((file) => folder(file.path) === folder(track.path))) ?? own[0];
    near?.files.push(track);
    return !near;
  });
  const [only] = video;
  if (loose.length !== 1 || video.length !== 1 || !only || only.files.some((file) => roleOf(file.path) === 'track'))
    return loose;
  only.files.push(...loose);
  return [];
}
