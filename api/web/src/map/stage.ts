/** What the drawn map tells the rest of the page. */
import { signal } from '@preact/signals';
import type { Engine, Margins, Picked, Pixel, Shown } from './engine';
import type { Box } from './types';
import { view } from './view';

/** The running map; null before it runs, and where the browser can't draw it. */
export const engine = signal<Engine | null>(null);
/** The segments that are drawn now. */
export const inView = signal<readonly Shown[]>([]);
/** What the mouse is over. */
export const pointed = signal<{ what: Picked; at: Pixel } | null>(null);
/** How the person came to what is chosen: a click on the map needs no move, the search goes there. */
export const arrival: { by: 'click' | 'search' | null } = { by: null };

/** Bring what was chosen into view, as far as it is not; from the whole map, or by the search, go there. */
export function arriveAt(place: Box): void {
  const running = engine.peek();
  const far = arrival.by === 'search' || view.peek().position === null;
  if (arrival.by !== 'click') running?.[far ? 'goTo' : 'reveal'](place, margins());
  arrival.by = null;
}

const MARGIN_PX = 28;
const ENOUGH_PX = 400; // to leave the legend free too

/** What lies over the map now: sheets at the sides, or at the bottom of a phone. */
export function margins(): Margins {
  const free = { top: MARGIN_PX, right: MARGIN_PX, bottom: MARGIN_PX, left: MARGIN_PX };
  const whole = document.querySelector('.map')?.getBoundingClientRect();
  if (!whole) return free;
  for (const over of document.querySelectorAll('.map-top, .map-sheet')) {
    const box = over.getBoundingClientRect();
    if (box.width === 0) continue;
    if (box.width > 0.6 * whole.width) {
      if (box.top - whole.top < 20) free.top = box.bottom - whole.top + MARGIN_PX;
      else free.bottom = whole.bottom - box.top + MARGIN_PX;
    } else if (over.clientHeight > 0.5 * whole.height) {
      if (box.left - whole.left < 40) free.left = box.right - whole.left + MARGIN_PX;
      else free.right = whole.right - box.left + MARGIN_PX;
    }
  }
  const legend = document.querySelector('.map-legend[open]')?.getBoundingClientRect();
  const beyond = legend ? legend.right - whole.left + MARGIN_PX : 0;
  if (whole.width - free.right - beyond > ENOUGH_PX) free.left = Math.max(free.left, beyond);
  return free;
}
