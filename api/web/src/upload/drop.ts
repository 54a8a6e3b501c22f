/** Files out of a drop, a picker or a folder, with their paths. */
import type { Picked } from './grouping';

type Entry = FileSystemEntry & { file?: (ok: (file: File) => void, no: (error: unknown) => void) => void };
type Item = DataTransferItem & { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> };
type Folder = FileSystemDirectoryHandle & { values: () => AsyncIterable<FileSystemHandle> };

/** All files of a drop, folders walked. Call it within the event: the browser empties the drop afterwards. */
export async function dropped(transfer: DataTransfer): Promise<Picked[]> {
  const items = [...transfer.items].filter((item) => item.kind === 'file') as Item[];
  const taken = items.map((item) => ({
    handle: item.getAsFileSystemHandle?.().catch(() => null), // keeps what a reload needs
    entry: item.webkitGetAsEntry?.() ?? null,
    file: item.getAsFile(),
  }));
  const picked: Picked[] = [];
  for (const { handle, entry, file } of taken) {
    const held = await handle;
    if (held) picked.push(...(await ofHandle(held, '')));
    else if (entry) picked.push(...(await ofEntry(entry as Entry, '')));
    else if (file) picked.push({ file, path: file.name });
  }
  return picked;
}

async function ofHandle(handle: FileSystemHandle, where: string): Promise<Picked[]> {
  const path = where + handle.name;
  if (handle.kind === 'file') {
    const one = handle as FileSystemFileHandle;
    return [{ file: await one.getFile(), path, handle: one }];
  }
  const inside: Picked[] = [];
  for await (const child of (handle as Folder).values()) inside.push(...(await ofHandle(child, `${path}/`)));
  return inside;
}

async function ofEntry(entry: Entry, where: string): Promise<Picked[]> {
  const path = where + entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => entry.file?.(resolve, reject));
    return [{ file, path }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const inside: Picked[] = [];
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return inside; // a reader gives at most 100 at a time
    for (const child of batch) inside.push(...(await ofEntry(child as Entry, `${path}/`)));
  }
}

/** The files of an `<input type="file">`. */
export const chosen = (files: FileList | null): Picked[] =>
  [...(files ?? [])].map((file) => ({ file, path: file.webkitRelativePath || file.name }));

type OpenPicker = (options: { multiple: boolean }) => Promise<FileSystemFileHandle[]>;

/** Whether the browser has a picker of its own. Without one, click an input at once: that may only follow a click. */
export const hasPicker = (): boolean => Boolean((window as { showOpenFilePicker?: OpenPicker }).showOpenFilePicker);

/**
 * The browser's own picker, where it gives handles that survive a reload. Null: there is none, use an input;
 * an empty list: the person thought better of it.
 */
export async function pickWithHandles(): Promise<Picked[] | null> {
  const picker = (window as { showOpenFilePicker?: OpenPicker }).showOpenFilePicker;
  if (!picker) return null;
  try {
    const handles = await picker.call(window, { multiple: true });
    return await Promise.all(
      handles.map(async (handle) => ({ file: await handle.getFile(), path: handle.name, handle })),
    );
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return [];
    return null;
  }
}
