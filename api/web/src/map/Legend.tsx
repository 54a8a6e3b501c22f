/** The mode's classes in words, with their look and how many segments they hold. */
import { useEffect, useState } from 'preact/hooks';
import { number } from '../i18n';
import type { About } from '../types';
import { segmentQuery } from './filters';
import { useFollowing } from './following';
import {
  CHANGE_COLOURS,
  CHANGED,
  DEFECT_LEGEND_STATES,
  type Entry,
  GREY,
  legendOf,
  STATE_COLOURS,
  valueQuery,
} from './legend';
import { ModeSwitch } from './ModeSwitch';
import { entryWord, mapMessages as t, word } from './messages';
import { DotSwatch, LineSwatch } from './Swatch';
import { countSegments } from './server';
import { DEFECT_CHANGES } from './types';
import { view } from './view';
import { LANG_FIELD } from './words';

/** Where the legend would take the map's place: a phone, or a laptop with a sheet at both sides. */
const phone = globalThis.matchMedia?.('(max-width: 800px)');
const laptop = globalThis.matchMedia?.('(max-width: 1500px)');

export function Legend({ about, ready, comparing }: { about: About; ready: boolean; comparing: boolean }) {
  const { mode, filters, panel, segment, defect } = view.value;
  const both = panel !== null && (segment !== null || defect !== null);
  const narrow = useMatch(laptop);
  const crowded = useMatch(phone) || (narrow && both);
  const [open, setOpen] = useState(!crowded);
  const entries = comparing ? CHANGED : legendOf(mode, about.grades);
  const query = segmentQuery(filters);
  const asked = ready && open && !comparing; // the panel has the counts of a comparison
  const counts = useFollowing<(number | null)[]>(
    (signal) =>
      asked ? Promise.all(entries.map((entry) => counted(mode, entry, query, signal))) : Promise.resolve([]),
    `${asked} ${mode} ${query}`,
    about.map?.version ?? '',
  );
  useEffect(() => setOpen(!crowded), [crowded]);
  return (
    <details class="map-card map-legend" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {t('legend')}: {t(comparing ? 'panel.compare' : `mode.${mode}`).toLowerCase()}
      </summary>
      <div class="map-legend-body">
        {!comparing && <ModeSwitch />}
        <ul aria-label={t(comparing ? 'legend.compare' : `legend.${mode}`)}>
          {entries.map((entry, i) => (
            <li key={entry.word}>
              <LineSwatch entry={entry} />
              <span>{entryWord(entry.word)}</span>
              <span class="count" title={t('legendCounts')}>
                {typeof counts.data?.[i] === 'number' ? number(counts.data[i]) : ''}
              </span>
            </li>
          ))}
        </ul>
        <p class="small">{t('legendHonest')}</p>
        <h2>{t('legendDefects')}</h2>
        <ul>
          {comparing
            ? DEFECT_CHANGES.map((change) => (
                <li key={change}>
                  <DotSwatch
                    colour={change === 'gone' ? 'var(--sunken)' : (CHANGE_COLOURS[change] ?? GREY)}
                    ring={change === 'gone' ? CHANGE_COLOURS[change] : undefined}
                  />
                  <span>{word('change', change)}</span>
                </li>
              ))
            : about.classes.map((c) => (
                <li key={c.name}>
                  <DotSwatch colour={c.colour} />
                  <span>{c[LANG_FIELD()]}</span>
                </li>
              ))}
          {!comparing &&
            DEFECT_LEGEND_STATES.map((state) => (
              <li key={state}>
                <DotSwatch colour="var(--sunken)" ring={STATE_COLOURS[state]} />
                <span>{word('state', state)}</span>
              </li>
            ))}
        </ul>
      </div>
    </details>
  );
}

async function counted(mode: Parameters<typeof valueQuery>[0], entry: Entry, query: string, signal: AbortSignal) {
  const own = valueQuery(mode, entry);
  if (own === null) return null;
  return countSegments([query, own].filter(Boolean).join(' AND '), signal);
}

function useMatch(query: MediaQueryList | undefined): boolean {
  const [matches, setMatches] = useState(query?.matches ?? false);
  useEffect(() => {
    const listen = (event: MediaQueryListEvent): void => setMatches(event.matches);
    query?.addEventListener('change', listen);
    return () => query?.removeEventListener('change', listen);
  }, [query]);
  return matches;
}
