/** The panels at the left: which is open is in the address. */
import type { Resource } from '../resource';
import { Icon, type IconName } from '../ui/Icon';
import { ComparePanel } from './Compare';
import { FilterPanel } from './FilterPanel';
import { activeFilters } from './filters';
import { InView } from './InView';
import { mapMessages as t } from './messages';
import { Priorities } from './Priorities';
import { Sheet } from './Sheet';
import type { Comparison } from './server';
import { PANELS, type Panel } from './url';
import { change, view } from './view';

const ICONS: Record<Panel, IconName> = { filters: 'filter', view: 'list', priorities: 'order', compare: 'compare' };

/** One button per panel; the open one's is pressed. */
export function PanelTabs() {
  const { panel, filters } = view.value;
  const active = activeFilters(filters);
  return (
    <nav class="map-tabs map-card" aria-label={t('panels')}>
      {PANELS.map((each) => (
        <button
          key={each}
          type="button"
          aria-expanded={each === panel}
          onClick={() => change({ panel: each === panel ? null : each })}
        >
          <Icon name={ICONS[each]} />
          <span>{t(`panel.${each}`)}</span>
          {each === 'filters' && active > 0 && (
            <span class="map-number">
              <span aria-hidden="true">{active}</span>
              <span class="visually-hidden">{t('filtersActive', { n: active })}</span>
            </span>
          )}
        </button>
      ))}
    </nav>
  );
}

export function SidePanel({ comparison }: { comparison: Resource<Comparison | null> }) {
  const { panel } = view.value;
  if (panel === null) return null;
  return (
    <Sheet side="panel" title={t(`panel.${panel}`)} subject={panel} onClose={() => change({ panel: null })}>
      {panel === 'filters' && <FilterPanel />}
      {panel === 'view' && <InView />}
      {panel === 'priorities' && <Priorities />}
      {panel === 'compare' && <ComparePanel comparison={comparison} />}
    </Sheet>
  );
}
