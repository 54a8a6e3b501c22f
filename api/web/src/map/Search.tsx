/** Find a street or a segment: a combobox (WAI-ARIA APG) over the server's search. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { said } from '../api';
import { Icon } from '../ui/Icon';
import { mapMessages as t, word } from './messages';
import { search } from './server';
import type { Found } from './types';

const PAUSE_MS = 180;
const MOST = 12;

export function Search({ onChoose }: { onChoose: (found: Found) => void }) {
  const id = useId();
  const [text, setText] = useState('');
  const [found, setFound] = useState<{ text: string; rows: Found[]; error?: string }>();
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const asked = text.trim();

  useEffect(() => {
    if (asked === '') return setFound(undefined);
    const stop = new AbortController();
    const timer = setTimeout(() => {
      search(asked, MOST, stop.signal).then(
        ({ segments }) => {
          setFound({ text: asked, rows: segments });
          setActive(-1);
        },
        (error: unknown) => {
          if (!stop.signal.aborted) setFound({ text: asked, rows: [], error: said(error) });
        },
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [asked]);

  const rows = found?.rows ?? [];
  const shown = open && asked !== '' && found !== undefined;
  const choose = (row: Found): void => {
    setText(row.name ?? row.segment_id);
    setOpen(false);
    onChoose(row);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (step !== undefined && rows.length) {
      event.preventDefault();
      setOpen(true);
      setActive((before) => (before < 0 && step < 0 ? rows.length - 1 : (before + step + rows.length) % rows.length));
    } else if (event.key === 'Enter') {
      const row = rows[Math.max(active, 0)];
      if (shown && row) {
        event.preventDefault();
        choose(row);
      }
    } else if (event.key === 'Escape' && (shown || text)) {
      event.preventDefault();
      if (shown) setOpen(false);
      else setText('');
    }
  };
  const status = !shown
    ? ''
    : found.error
      ? t('searchFailed', { why: found.error })
      : rows.length
        ? t('searchFound', { n: rows.length })
        : t('searchNone', { text: found.text });

  return (
    <search class="map-search">
      <Icon name="search" />
      <input
        ref={input}
        type="text"
        role="combobox"
        inputMode="search"
        autoComplete="off"
        aria-label={t('search')}
        placeholder={t('searchHint')}
        aria-expanded={shown && rows.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={shown && active >= 0 ? `${id}-${active}` : undefined}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setOpen(true);
        }}
        onClick={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
      />
      <div
        id={`${id}-list`}
        role="listbox"
        aria-label={t('search')}
        class="map-found"
        hidden={!shown || rows.length === 0}
      >
        {rows.map((row, i) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the combobox keeps the focus and names the active option
          // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox has the keys
          <div
            key={row.segment_id}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === active}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => choose(row)}
          >
            <span>{row.name ?? t('nameless')}</span>
            <small>
              {row.segment_id}
              {row.grade && ` · ${word('grade', row.grade)}`}
            </small>
          </div>
        ))}
      </div>
      <p class={shown && rows.length === 0 ? 'map-found map-found-none' : 'visually-hidden'} role="status">
        {status}
      </p>
    </search>
  );
}
