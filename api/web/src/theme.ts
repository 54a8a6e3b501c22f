/** Light or dark: as the device, unless the person chooses. */
import { computed, effect, signal } from '@preact/signals';
import { remembered } from './signals';

export type Theme = 'auto' | 'light' | 'dark';
export const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];
export const theme = remembered<Theme>('theme', 'auto', THEMES);

const query = globalThis.matchMedia?.('(prefers-color-scheme: dark)');
const deviceDark = signal(query?.matches ?? false);
query?.addEventListener('change', (event) => {
  deviceDark.value = event.matches;
});

/** Whether dark colours are shown now. */
export const dark = computed(() => (theme.value === 'auto' ? deviceDark.value : theme.value === 'dark'));

effect(() => {
  if (globalThis.document) document.documentElement.dataset.theme = theme.value;
});
