/** How a class of segments or defects looks on the map, in a small drawing beside its name. */
import type { Entry } from './legend';

export function LineSwatch({ entry }: { entry: Pick<Entry, 'colour' | 'width' | 'dash' | 'pattern'> }) {
  const { colour, width, dash, pattern } = entry;
  const thick = 4.5 * width;
  const scaled = (pair: [number, number] | undefined, by: number): string | undefined =>
    pair?.map((part) => (part * by).toFixed(1)).join(' ');
  return (
    <svg class="swatch" viewBox="0 0 34 14" width="34" height="14" aria-hidden="true">
      <line x1="1" x2="33" y1="7" y2="7" stroke={colour} stroke-width={thick} stroke-dasharray={scaled(dash, thick)} />
      {pattern && (
        <line x1="1" x2="33" y1="7" y2="7" stroke="#fff" stroke-width="2" stroke-dasharray={scaled(pattern, 2)} />
      )}
    </svg>
  );
}

export function DotSwatch({ colour, ring, faint }: { colour: string; ring?: string | undefined; faint?: boolean }) {
  return (
    <svg class="swatch dot" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <circle
        cx="8"
        cy="8"
        r="5.5"
        fill={colour}
        fill-opacity={faint ? 0.35 : 1}
        stroke={ring ?? 'var(--surface)'}
        stroke-width={ring ? 2.5 : 1.5}
      />
    </svg>
  );
}
