/** The view that the address names; every part of the page reads it here and changes it here. */
import { computed } from '@preact/signals';
import { go, href, route, settle } from '../router';
import { type Filters, NO_FILTERS } from './filters';
import { readView, type View, writeView } from './url';

const isHere = (page: string): boolean => page === '' || page === 'kaart';

let last = readView(new URLSearchParams());
/** What is shown now; keeps its last value while another page is open. */
export const view = computed<View>(() => {
  const { page, query } = route.value;
  if (isHere(page)) last = readView(query);
  return last;
});

/** Change the view. A step in the browser's history only for what "back" should undo: what is chosen. */
export function change(part: Partial<View>): void {
  settle();
  const { page } = route.peek();
  if (!isHere(page)) return;
  const before = view.peek();
  const chosen = 'segment' in part || 'defect' in part;
  go(page, writeView({ ...before, ...part }), !chosen);
}

export const changeFilters = (part: Partial<Filters>): void => change({ filters: { ...view.peek().filters, ...part } });
export const resetFilters = (): void => change({ filters: NO_FILTERS });

/** The address of this view with other parts, for a link. */
export function addressOf(part: Partial<View>): string {
  const { page } = route.value;
  return href(isHere(page) ? page : 'kaart', writeView({ ...view.value, ...part }));
}
