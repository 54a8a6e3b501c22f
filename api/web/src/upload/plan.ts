/** What will be sent, before it is: the drives as grouped, and how the person changed them. */
import { attach, type Drive, drive, type Grouped, group, type Limits, nameOf, type Picked, roleOf } from './grouping';

export interface Planned extends Drive {
  /** Names this drive in the page; stays while its files change. */
  id: number;
  send: boolean;
}

export interface Plan {
  drives: Planned[];
  loose: Picked[];
  refused: Grouped['refused'];
  /** The person split, joined or took files out: what is picked later is put beside, nothing is grouped again. */
  edited: boolean;
}

export const EMPTY: Plan = { drives: [], loose: [], refused: [], edited: false };

let last = 0;

/** A rear camera sees the road that a front camera saw as well, so that it waits until it is asked for. */
const planned = (drives: readonly Drive[]): Planned[] => {
  const front = drives.some((one) => one.kind === 'video' && !one.rear);
  return drives.map((one) => ({ ...one, id: ++last, send: !(one.rear && front) }));
};

/** Add what was picked. Names that were given are kept as long as the drive has the same files. */
export function add(plan: Plan, picked: readonly Picked[], limits: Limits): Plan {
  if (plan.edited) {
    const isTrack = ({ path }: Picked): boolean => roleOf(path) === 'track';
    const more = group(
      picked.filter((one) => !isTrack(one)),
      limits,
    );
    const tracks = group(picked.filter(isTrack), limits);
    const drives = [...plan.drives.map((one) => ({ ...one, files: [...one.files] })), ...planned(more.drives)];
    const loose = attach(drives, [...plan.loose, ...more.loose, ...tracks.loose]);
    return { drives, loose, refused: [...plan.refused, ...more.refused, ...tracks.refused], edited: true };
  }
  const before = plan.drives.flatMap((one) => one.files);
  const all = group([...before, ...plan.loose, ...picked], limits);
  const drives = planned(all.drives).map((one) => {
    const same = plan.drives.find((old) => old.key === one.key);
    return same ? { ...one, id: same.id, name: same.name, send: same.send } : one;
  });
  return { drives, loose: all.loose, refused: [...plan.refused, ...all.refused], edited: false };
}

const changed = (plan: Plan, drives: Planned[], loose = plan.loose): Plan => ({
  ...plan,
  drives: drives.filter((one) => one.files.length > 0),
  loose,
  edited: true,
});

export const rename = (plan: Plan, id: number, name: string): Plan => ({
  ...plan,
  drives: plan.drives.map((one) => (one.id === id ? { ...one, name } : one)),
});

export const choose = (plan: Plan, id: number, send: boolean): Plan => ({
  ...plan,
  drives: plan.drives.map((one) => (one.id === id ? { ...one, send } : one)),
});

export const takeOut = (plan: Plan, id: number, file: Picked): Plan =>
  changed(
    plan,
    plan.drives.map((one) => (one.id === id ? { ...one, files: one.files.filter((other) => other !== file) } : one)),
  );

export const drop = (plan: Plan, id: number): Plan =>
  changed(
    plan,
    plan.drives.filter((one) => one.id !== id),
  );

export const dropLoose = (plan: Plan, file: Picked): Plan =>
  changed(
    plan,
    plan.drives,
    plan.loose.filter((other) => other !== file),
  );

/** Put a loose track or camera profile with a drive. */
export const give = (plan: Plan, file: Picked, id: number): Plan =>
  changed(
    plan,
    plan.drives.map((one) => (one.id === id ? { ...one, files: [...one.files, file] } : one)),
    plan.loose.filter((other) => other !== file),
  );

/** Make one drive of this one and the one above it. */
export function join(plan: Plan, id: number): Plan {
  const at = plan.drives.findIndex((one) => one.id === id);
  const [above, one] = [plan.drives[at - 1], plan.drives[at]];
  if (!above || !one) return plan;
  const files = [...above.files, ...one.files.filter((file) => !above.files.includes(file))];
  const kind = above.kind === one.kind ? above.kind : 'video';
  return changed(plan, [
    ...plan.drives.slice(0, at - 1),
    { ...above, kind, files, send: above.send || one.send, rear: above.rear && one.rear },
    ...plan.drives.slice(at + 1),
  ]);
}

/** Make a drive of each recording; the tracks go with the video of their name, or stay with the first. */
export function split(plan: Plan, id: number): Plan {
  const at = plan.drives.findIndex((one) => one.id === id);
  const one = plan.drives[at];
  if (!one) return plan;
  const recordings = one.files.filter((file) => recording(file));
  const parts = recordings.map((file) => drive(one.kind, nameOf(file), [file], one.rear));
  const left = attach(
    parts,
    one.files.filter((file) => !recording(file)),
  );
  parts[0]?.files.push(...left);
  return changed(plan, [
    ...plan.drives.slice(0, at),
    ...parts.map((part) => ({ ...part, id: ++last, send: one.send })),
    ...plan.drives.slice(at + 1),
  ]);
}

const recording = ({ path }: Picked): boolean => ['video', 'photo', 'zip'].includes(roleOf(path) ?? '');

/** Bytes of a drive. */
export const size = ({ files }: Pick<Drive, 'files'>): number => files.reduce((sum, { file }) => sum + file.size, 0);
