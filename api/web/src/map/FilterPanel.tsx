/** The filter, and how many segments it leaves. The map follows at once; the count comes from the server. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { number, percent } from '../i18n';
import { about } from '../session';
import { Button } from '../ui/Button';
import { Field, Select } from '../ui/Field';
import { activeFilters, type Filters, segmentQuery, VERDICTS } from './filters';
import { useFollowing } from './following';
import { entryWord, mapMessages as t, type Group as WordGroup, word } from './messages';
import { countSegments } from './server';
import { KINDS, PLANS, SEVERITIES, STATES } from './types';
import { changeFilters, resetFilters, view } from './view';

const PAUSE_MS = 250;

export function FilterPanel() {
  const { filters } = view.value;
  const active = activeFilters(filters);
  return (
    <>
      <div class="map-count">
        <Count filters={filters} />
        <Button look="quiet" label={t('reset')} onClick={resetFilters} disabled={active === 0} />
      </div>
      <Group title={t('damage')} hint={t('damageHint')}>
        <Choices group="kind" values={KINDS} chosen={filters.kinds} onChange={(kinds) => changeFilters({ kinds })} />
      </Group>
      <Group title={t('severity')}>
        <Choices
          group="severity"
          values={SEVERITIES}
          chosen={filters.severities}
          onChange={(severities) => changeFilters({ severities })}
        />
      </Group>
      <Select
        label={t('extent')}
        value={String(filters.extent)}
        options={[{ value: '0', label: t('extentAny') }, ...['1', '2', '3'].map((value) => ({ value, label: value }))]}
        onChange={(event) => changeFilters({ extent: Number(event.currentTarget.value) as Filters['extent'] })}
      />
      <Group title={t('grade')}>
        <Choices values={VERDICTS} chosen={filters.verdicts} onChange={(verdicts) => changeFilters({ verdicts })} />
      </Group>
      <Group title={t('plan')}>
        <Choices group="plan" values={PLANS} chosen={filters.plans} onChange={(plans) => changeFilters({ plans })} />
      </Group>
      <Group title={t('lastSurveyed')}>
        <div class="map-pair">
          <Field
            type="date"
            label={t('from')}
            value={filters.from}
            onInput={(event) => changeFilters({ from: event.currentTarget.value })}
          />
          <Field
            type="date"
            label={t('to')}
            value={filters.to}
            onInput={(event) => changeFilters({ to: event.currentTarget.value })}
          />
        </div>
      </Group>
      <Field
        type="search"
        label={t('street')}
        value={filters.street}
        maxLength={100}
        onInput={(event) => changeFilters({ street: event.currentTarget.value })}
      />
      <div class="field map-range">
        <label for="map-probability">{t('probability', { p: percent(filters.probability) })}</label>
        <input
          id="map-probability"
          type="range"
          min="0"
          max="0.95"
          step="0.05"
          value={filters.probability}
          aria-valuetext={percent(filters.probability)}
          onInput={(event) => changeFilters({ probability: Number(event.currentTarget.value) })}
        />
      </div>
      <Group title={t('states')}>
        <Choices
          group="state"
          values={STATES}
          chosen={filters.states}
          onChange={(states) => changeFilters({ states })}
        />
      </Group>
    </>
  );
}

function Group({ title, hint, children }: { title: string; hint?: string; children: ComponentChildren }) {
  return (
    <fieldset class="map-group">
      <legend>{title}</legend>
      {children}
      {hint && <p class="hint">{hint}</p>}
    </fieldset>
  );
}

interface ChoicesProps<T extends string> {
  group?: WordGroup;
  values: readonly T[];
  chosen: readonly T[];
  onChange: (chosen: T[]) => void;
}

function Choices<T extends string>({ group, values, chosen, onChange }: ChoicesProps<T>) {
  return (
    <div class="map-choices">
      {values.map((value) => (
        <label key={value}>
          <input
            type="checkbox"
            checked={chosen.includes(value)}
            onChange={(event) => {
              const on = event.currentTarget.checked;
              onChange(values.filter((other) => (other === value ? on : chosen.includes(other))));
            }}
          />
          <span>{group ? word(group, value) : entryWord(value)}</span>
        </label>
      ))}
    </div>
  );
}

/** "127 van 3.450 wegvakken", once the filter rests. */
export function Count({ filters }: { filters: Filters }) {
  const query = useResting(segmentQuery(filters));
  const version = about.value?.map?.version ?? '';
  const total = useFollowing((signal) => countSegments('', signal), 'total', version);
  const some = useFollowing((signal) => (query ? countSegments(query, signal) : Promise.resolve(null)), query, version);
  if (some.error ?? total.error) return <p role="status">{(some.error ?? total.error)?.message}</p>;
  if (total.data === undefined || some.data === undefined) return <p role="status">{t('counting')}…</p>;
  return (
    <p role="status">
      {some.data === null
        ? t('shownAll', { total: total.data })
        : t('shownOf', { shown: number(some.data), total: total.data })}
    </p>
  );
}

function useResting<T>(value: T): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return rested;
}
