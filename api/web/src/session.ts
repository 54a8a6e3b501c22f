/** What the server says of itself and of who is here; asked once, and again when the map changes. */
import { signal } from '@preact/signals';
import { ApiError, get } from './api';
import { on } from './events';
import type { About, Role } from './types';

export const about = signal<About | undefined>(undefined);
export const aboutError = signal<ApiError | undefined>(undefined);

export async function loadAbout(): Promise<void> {
  try {
    about.value = await get<About>('v1/about');
    aboutError.value = undefined;
  } catch (error) {
    aboutError.value = error instanceof ApiError ? error : new ApiError(0, String(error));
  }
}

const RANK: Record<Role, number> = { reader: 0, editor: 1, admin: 2 };
/** Whether who is here has this role or a higher one. */
export const may = (role: Role): boolean => RANK[about.value?.person.role ?? 'reader'] >= RANK[role];

/** Start following the server. */
export function startSession(): void {
  void loadAbout();
  on('map', () => void loadAbout());
  on('resync', () => void loadAbout());
}
