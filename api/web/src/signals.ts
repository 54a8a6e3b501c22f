/** Signals that the browser remembers. */
import { effect, type Signal, signal } from '@preact/signals';

/** A setting of this browser, kept under `schouw.<name>`; private windows that refuse storage just forget it. */
export function remembered<T extends string>(name: string, fallback: T, allowed?: readonly T[]): Signal<T> {
  const key = `schouw.${name}`;
  const kept = read(key) as T | null;
  const value = signal<T>(kept !== null && (!allowed || allowed.includes(kept)) ? kept : fallback);
  let first = true;
  effect(() => {
    const now = value.value;
    if (!first) write(key, now);
    first = false;
  });
  return value;
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // storage is refused or full: the setting lasts as long as the page
  }
}
