/** MapLibre, behind what the page needs of it: draw a style, tell what is pointed at, go somewhere. */
import {
  Map as Chart,
  Marker,
  type PointLike,
  prewarm,
  ScaleControl,
  setWorkerUrl,
  type VectorTileSource,
} from 'maplibre-gl';
import 'maplibre-gl/dist/maplibre-gl.css';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import { sign } from './icons';
import { type Drawing, styleOf, tileAddress } from './style';
import type { Box, SegmentProperties } from './types';
import type { Position } from './url';

setWorkerUrl(workerUrl);
prewarm(); // its worker starts while the page is still being drawn

export type Picked =
  | { kind: 'segment'; id: string; name: string; properties: Partial<SegmentProperties> }
  | { kind: 'defect'; id: number; class: string; state: string };
export type Pixel = { x: number; y: number };
export type Shown = Pick<SegmentProperties, 'segment_id' | 'name' | 'status' | 'grade' | 'score' | 'coverage'>;
/** What lies over the map at each side, pixels. */
export type Margins = { top: number; right: number; bottom: number; left: number };

export interface Events {
  moved: (position: Position) => void;
  picked: (what: Picked | null, at: Box) => void; // where: a box without a size
  basemapLost: () => void; // not one tile of it came
  pointed: (what: Picked | null, at: Pixel) => void;
  settled: () => void; // everything in view is drawn
}

export interface Engine {
  draw: (drawing: Drawing) => void;
  inView: () => Shown[];
  position: () => Position;
  goTo: (place: Box, margins: Margins) => void;
  reveal: (place: Box, margins: Margins) => void;
  jump: (position: Position) => void;
  zoom: (steps: number) => void;
  showMe: (lon: number, lat: number) => void;
  label: (text: string) => void;
  close: () => void;
}

const LINES = ['main', 'little', 'unsurveyed', 'never', 'changed-segments'];
const POINTS = ['defects', 'changed-defects'];
const REACH_PX = { fine: 6, coarse: 16, centre: 26 };
const CLOSEST_ZOOM = 17.5;

/** Start a map in an element. Throws where the browser has no WebGL. */
export function openMap(
  container: HTMLElement,
  first: Drawing,
  start: Position | null,
  margins: Margins,
  events: Events,
): Engine {
  let drawing = first;
  let ready = false;
  const map = new Chart({
    container,
    style: styleOf(first),
    validateStyle: false,
    ...(start
      ? { center: [start.lon, start.lat], zoom: start.zoom }
      : { bounds: first.bbox, fitBoundsOptions: { padding: margins, maxZoom: CLOSEST_ZOOM } }),
    maxZoom: 21,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    rollEnabled: false,
    fadeDuration: 0,
    attributionControl: false,
    refreshExpiredTiles: false,
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new ScaleControl({ unit: 'metric', maxWidth: 110 }), 'bottom-right');
  for (const { name } of first.classes) {
    const { image, pixelRatio } = sign(name);
    map.addImage(`class-${name}`, image, { pixelRatio });
  }

  const present = (ids: readonly string[]): string[] => ids.filter((id) => map.getLayer(id));
  const position = (): Position => {
    const { lng, lat } = map.getCenter();
    return { lon: lng, lat, zoom: map.getZoom() };
  };
  const pick = (at: Pixel, reach: number): Picked | null => pickAt(map, at, reach, present);

  function draw(next: Drawing): void {
    const before = drawing;
    drawing = next;
    if (!ready) return;
    if (before.version !== next.version) {
      for (const layer of ['segments', 'coverage', 'defects']) {
        const source = map.getSource(layer) as VectorTileSource | undefined;
        source?.setTiles([tileAddress(next.tiles, layer, next.version)]);
      }
    }
    map.setStyle(styleOf(next), { diff: true, validate: false });
  }

  map.once('style.load', () => {
    ready = true;
    if (drawing !== first) draw(drawing);
  });
  map.on('moveend', () => events.moved(position()));
  map.on('idle', () => events.settled());
  followBasemap(map, events);
  const fine = !matchMedia('(pointer: coarse)').matches;
  map.on('click', ({ point, lngLat: { lng, lat } }) =>
    events.picked(pick(point, fine ? REACH_PX.fine : REACH_PX.coarse), [lng, lat, lng, lat]),
  );
  if (fine) follow(map, pick, events);

  const canvas = map.getCanvas();
  canvas.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    const { clientWidth, clientHeight } = canvas;
    const found = pick({ x: clientWidth / 2, y: clientHeight / 2 }, REACH_PX.centre);
    const { lng, lat } = map.getCenter();
    if (found) events.picked(found, [lng, lat, lng, lat]);
  });

  let me: Marker | undefined;
  return {
    draw,
    inView: () => shownIn(map, present),
    position,
    goTo: (place, margins) => void map.fitBounds(place, { padding: margins, maxZoom: CLOSEST_ZOOM, duration: 500 }),
    reveal(place, margins) {
      if (!liesWithin(map, place, margins)) {
        map.fitBounds(place, { padding: margins, maxZoom: Math.max(map.getZoom(), 15), duration: 300 });
      }
    },
    jump({ lon, lat, zoom }) {
      const now = position();
      const moved = Math.abs(now.lon - lon) + Math.abs(now.lat - lat) > 4e-5 || Math.abs(now.zoom - zoom) > 0.02;
      if (moved) map.jumpTo({ center: [lon, lat], zoom });
    },
    zoom: (steps) => void map.zoomTo(map.getZoom() + steps, { duration: 200 }),
    showMe(lon, lat) {
      me?.remove();
      const dot = document.createElement('div');
      dot.className = 'map-me';
      me = new Marker({ element: dot }).setLngLat([lon, lat]).addTo(map);
      map.easeTo({ center: [lon, lat], zoom: Math.max(map.getZoom(), 16), duration: 500 });
    },
    label(text) {
      canvas.setAttribute('aria-label', text);
    },
    close: () => map.remove(),
  };
}

/** Tell once that the basemap can't be reached; other failures are the developer's to read. */
function followBasemap(map: Chart, events: Events): void {
  let open = true;
  map.on('data', (event) => {
    if ('sourceId' in event && event.sourceId === 'basemap' && 'tile' in event && event.tile) open = false;
  });
  map.on('error', (event) => {
    const lost = 'sourceId' in event && event.sourceId === 'basemap';
    if (!lost) console.error(event.error);
    else if (open) events.basemapLost();
    if (lost) open = false;
  });
}

/** Tell what the mouse is over, once a frame at most, and make that segment a little wider. */
function follow(map: Chart, pick: (at: Pixel, reach: number) => Picked | null, events: Events): void {
  let asked = 0;
  let over: string | number | undefined;
  const clear = (): void => {
    if (over !== undefined)
      map.setFeatureState({ source: 'segments', sourceLayer: 'segments', id: over }, { hover: false });
    over = undefined;
  };
  map.on('mousemove', (event) => {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(() => {
      if (map.isMoving()) return;
      const what = pick(event.point, REACH_PX.fine);
      map.getCanvas().style.cursor = what ? 'pointer' : '';
      clear();
      if (what?.kind === 'segment') {
        const row = map
          .queryRenderedFeatures(around(event.point, REACH_PX.fine), {
            layers: ['main'].filter((l) => map.getLayer(l)),
          })
          .find((feature) => feature.properties.segment_id === what.id)?.id;
        if (row !== undefined) {
          over = row;
          map.setFeatureState({ source: 'segments', sourceLayer: 'segments', id: row }, { hover: true });
        }
      }
      events.pointed(what, event.point);
    });
  });
  map.on('mouseout', (event) => {
    cancelAnimationFrame(asked);
    clear();
    events.pointed(null, event.point);
  });
}

const around = ({ x, y }: Pixel, reach: number): [PointLike, PointLike] => [
  [x - reach, y - reach],
  [x + reach, y + reach],
];

/** The nearest defect within reach, or else the uppermost segment. */
function pickAt(map: Chart, at: Pixel, reach: number, present: (ids: readonly string[]) => string[]): Picked | null {
  const near = around(at, reach);
  const distance = (feature: GeoJSON.Feature): number => {
    const { x, y } = map.project((feature.geometry as GeoJSON.Point).coordinates as [number, number]);
    return Math.hypot(x - at.x, y - at.y);
  };
  const [defect] = map
    .queryRenderedFeatures(near, { layers: present(POINTS) })
    .filter((feature) => feature.geometry.type === 'Point')
    .sort((a, b) => distance(a) - distance(b));
  if (defect) {
    const { id, class: name, state } = defect.properties;
    return { kind: 'defect', id: Number(id), class: String(name), state: String(state) };
  }
  const [line] = map.queryRenderedFeatures(near, { layers: present([...LINES, 'seen', 'unseen']) });
  if (!line) return null;
  const { segment_id, name } = line.properties;
  return { kind: 'segment', id: String(segment_id), name: String(name ?? ''), properties: line.properties };
}

/** The segments that are drawn, each once. */
function shownIn(map: Chart, present: (ids: readonly string[]) => string[]): Shown[] {
  const found = new Map<string, Shown>();
  for (const { properties } of map.queryRenderedFeatures({ layers: present(LINES) })) {
    const id = String(properties.segment_id);
    if (!found.has(id)) {
      found.set(id, {
        segment_id: id,
        name: properties.name ?? null,
        status: properties.status ?? 'graded',
        grade: properties.grade ?? properties.grade_after ?? null,
        score: properties.score ?? properties.score_after ?? null,
        coverage: properties.coverage ?? 0,
      });
    }
  }
  return [...found.values()];
}

function liesWithin(map: Chart, [west, south, east, north]: Box, m: Margins): boolean {
  const { clientWidth, clientHeight } = map.getContainer();
  const [a, b] = [map.project([west, north]), map.project([east, south])];
  return a.x >= m.left && a.y >= m.top && b.x <= clientWidth - m.right && b.y <= clientHeight - m.bottom;
}
