/**
 * Photos of a folder as zips, which is how the server takes them. Nothing is compressed (photos are already) and
 * nothing is copied: a zip refers to the photos, which are read when it is sent. The same photos give the same bytes.
 */
import { base, type Picked } from './grouping';

export interface Zip {
  name: string;
  size: number;
  photos: readonly Picked[];
}

/** Kept below the 4 GiB and the 65,535 files from which a zip needs another form (zip64). */
const MOST_BYTES = 2e9;
const MOST_PHOTOS = 65_000;
const LOCAL = 30;
const CENTRAL = 46;
const END = 22;
const UTF8 = 0x0800;
const VERSION = 20;

/** The zips that a drive's photos make, each of at most `most` photos, in their order. */
export function zips(name: string, photos: readonly Picked[], most = MOST_PHOTOS): Zip[] {
  const room = Math.min(most, MOST_PHOTOS);
  const made: { size: number; photos: Picked[] }[] = [];
  for (const photo of photos) {
    const bytes = photo.file.size + LOCAL + CENTRAL + 2 * encode(base(photo.path)).length;
    const last = made.at(-1);
    if (last && last.size + bytes <= MOST_BYTES && last.photos.length < room) {
      last.photos.push(photo);
      last.size += bytes;
    } else made.push({ size: END + bytes, photos: [photo] });
  }
  return made.map((zip, i) => ({ ...zip, name: `${name}${i ? `-${i + 1}` : ''}.zip` }));
}

/** Make the zip. Reads every photo once, for its checksum; `told` hears how many are done. */
export async function pack({ name, photos }: Zip, told: (done: number) => void = () => {}): Promise<File> {
  const parts: BlobPart[] = [];
  const central: Uint8Array<ArrayBuffer>[] = [];
  let at = 0;
  for (const [i, { file, path }] of photos.entries()) {
    const title = encode(base(path));
    const fields = entry(await checksum(file), file.size, title.length, file.lastModified);
    const head = new Uint8Array([...le32(0x04034b50), ...le16(VERSION), ...fields, ...title]);
    parts.push(head, file);
    central.push(
      new Uint8Array([
        ...le32(0x02014b50),
        ...[...le16(VERSION), ...le16(VERSION), ...fields],
        ...[...le16(0), ...le16(0), ...le16(0), ...le32(0), ...le32(at)],
        ...title,
      ]),
    );
    at += head.length + file.size;
    told(i + 1);
  }
  const length = central.reduce((sum, one) => sum + one.length, 0);
  const count = le16(photos.length);
  const end = [
    ...le32(0x06054b50),
    ...le16(0),
    ...le16(0),
    ...count,
    ...count,
    ...le32(length),
    ...le32(at),
    ...le16(0),
  ];
  const lastModified = Math.max(...photos.map(({ file }) => file.lastModified));
  return new File([...parts, ...central, new Uint8Array(end)], name, { type: 'application/zip', lastModified });
}

/** The fields that the local and the central header share: from the flags to the length of the extra field. */
function entry(crc: number, size: number, title: number, modified: number): number[] {
  const time = new Date(Math.max(modified, Date.UTC(1980, 0, 2)));
  const clock = (time.getUTCHours() << 11) | (time.getUTCMinutes() << 5) | (time.getUTCSeconds() >> 1);
  const day = ((time.getUTCFullYear() - 1980) << 9) | ((time.getUTCMonth() + 1) << 5) | time.getUTCDate();
  const moment = [...le16(clock), ...le16(day)];
  return [...le16(UTF8), ...le16(0), ...moment, ...le32(crc), ...le32(size), ...le32(size), ...le16(title), ...le16(0)];
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const le16 = (value: number): number[] => [value & 255, (value >>> 8) & 255];
const le32 = (value: number): number[] => [...le16(value & 0xffff), ...le16(value >>> 16)];

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** CRC-32 (ISO 3309), as zips have it. */
async function checksum(file: Blob): Promise<number> {
  let crc = 0xffffffff;
  const reader = file.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return (crc ^ 0xffffffff) >>> 0;
    for (const byte of value) crc = (TABLE[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8);
  }
}
