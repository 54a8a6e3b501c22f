/** The planner's map: segments by condition, what was seen, what to do first, and the evidence behind each grade. */
import './map.css';
import { useMemo, useState } from 'preact/hooks';
import { address } from '../api';
import { useResource } from '../resource';
import { about, aboutError, loadAbout } from '../session';
import { dark } from '../theme';
import type { About, MapInfo } from '../types';
import { Failed, Loading, NoMap } from '../ui/States';
import { Canvas } from './Canvas';
import { Controls } from './Controls';
import { DefectPanel } from './DefectPanel';
import { Legend } from './Legend';
import { mapMessages as t } from './messages';
import { PanelTabs, SidePanel } from './panels';
import { Search } from './Search';
import { SegmentPanel } from './SegmentPanel';
import { type Comparison, compare, search } from './server';
import { arrival } from './stage';
import type { Drawing } from './style';
import { Tooltip } from './Tooltip';
import { change, view } from './view';

export function MapPage() {
  const server = about.value;
  if (!server)
    return aboutError.value ? <Failed error={aboutError.value} retry={() => void loadAbout()} /> : <Loading />;
  if (server.map) return <RoadMap about={server} map={server.map} />;
  return (
    <>
      <h1 class="visually-hidden">{t('title')}</h1>
      <NoMap />
    </>
  );
}

const STREET_SEGMENTS = 500; // of the street that the filter names: whose defects are drawn

function RoadMap({ about: server, map }: { about: About; map: MapInfo }) {
  const { panel, before, after, segment, defect, filters } = view.value;
  const [drawn, setDrawn] = useState(false);
  const [basemapLost, setBasemapLost] = useState(false);
  const compares = panel === 'compare' && before !== '' && after !== '' && before < after;
  const comparison = useResource<Comparison | null>(
    (signal) => (compares ? compare(before, after, signal) : Promise.resolve(null)),
    compares ? `${before} ${after} ${map.version}` : '',
  );
  const street = useResource<string[] | null>(
    (signal) =>
      filters.street
        ? search(filters.street, STREET_SEGMENTS, signal).then(({ segments }) => segments.map((one) => one.segment_id))
        : Promise.resolve(null),
    `${filters.street} ${map.version}`,
  );
  const basemap = basemapLost || !server.basemap.url ? null : server.basemap;
  const drawing = useDrawing(server, map, basemap, comparison.data ?? null, street.data ?? null);
  const side = panel !== null ? ' with-panel' : '';
  const detail = defect !== null || segment !== null ? ' with-detail' : '';
  return (
    <div class={`map${side}${detail}`}>
      <h1 class="visually-hidden">{t('title')}</h1>
      <div class="map-top">
        <Search
          onChoose={(found) => {
            arrival.by = 'search';
            change({ segment: found.segment_id, defect: null });
          }}
        />
        <PanelTabs />
      </div>
      <SidePanel comparison={comparison} />
      <Canvas drawing={drawing} onBasemapLost={() => setBasemapLost(true)} onDrawn={() => setDrawn(true)} />
      <Legend about={server} ready={drawn} comparing={Boolean(comparison.data)} />
      <Controls bbox={map.bbox} credit={basemap?.credit ?? ''} />
      <Tooltip classes={server.classes} />
      {defect !== null ? (
        <DefectPanel id={defect} about={server} map={map} />
      ) : (
        segment !== null && <SegmentPanel id={segment} about={server} map={map} />
      )}
    </div>
  );
}

/** What is to be drawn, the same object as long as nothing in it changes. */
function useDrawing(
  server: About,
  map: MapInfo,
  basemap: About['basemap'] | null,
  comparison: Comparison | null,
  street: string[] | null,
): Drawing {
  const { mode, filters, segment, defect } = view.value;
  const chosen = JSON.stringify(filters); // every view is a new object, also when only the map was moved
  return useMemo(
    () => ({
      tiles: address('v1/tiles'),
      version: map.version,
      bbox: map.bbox,
      basemap,
      dark: dark.value,
      mode,
      grades: server.grades,
      classes: server.classes,
      filters,
      street,
      segment,
      defect,
      changes: comparison,
    }),
    [server, map.version, basemap, dark.value, mode, chosen, street, segment, defect, comparison],
  );
}
