/** Stretches to drive again: on the map, and as waypoints for the navigation in the car. */
import { writePosition } from '../map/url';
import { href } from '../router';
import type { Redrive } from '../types';

const ZOOM = 17;

/** The map at the beginning of a stretch; null where its place is not known. */
export const onMap = ({ lon, lat }: Redrive): string | null =>
  lon === null || lat === null
    ? null
    : href('kaart', { mode: 'coverage', at: writePosition({ zoom: ZOOM, lat, lon }) });

export const totalLength_m = (stretches: readonly Redrive[]): number =>
  stretches.reduce((sum, { from_m, to_m }) => sum + to_m - from_m, 0);

const inXml = (text: string): string => text.replace(/[<>&"']/g, (char) => `&#${char.charCodeAt(0)};`);

/** GPX 1.1: a waypoint where each stretch begins. `describe` says what is wrong there. */
export function gpx(title: string, stretches: readonly Redrive[], describe: (stretch: Redrive) => string): string {
  const points = stretches
    .map((stretch, i) => ({ stretch, n: i + 1 }))
    .filter(({ stretch }) => onMap(stretch) !== null)
    .map(
      ({ stretch, n }) =>
        `  <wpt lat="${stretch.lat}" lon="${stretch.lon}"><name>${n}</name><desc>${inXml(describe(stretch))}</desc></wpt>\n`,
    );
  return `<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="Schouw" xmlns="http://www.topografix.com/GPX/1/1">
  <metadata><name>${inXml(title)}</name></metadata>
${points.join('')}</gpx>
`;
}
