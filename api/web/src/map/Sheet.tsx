/** A panel beside the map, below it on a phone. Takes the focus when it opens; Escape closes it. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../ui/Button';
import { mapMessages as t } from './messages';

type Side = 'panel' | 'detail';

interface Props {
  side: Side;
  title: ComponentChildren;
  /** Of what is shown: another subject in the same panel takes the focus again. */
  subject: string;
  onClose: () => void;
  /** To what was shown before, where there is such a thing; Escape goes there too. */
  back?: { label: string; go: () => void } | undefined;
  children: ComponentChildren;
  tools?: ComponentChildren;
}

export function Sheet({ side, title, subject, onClose, back, children, tools }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  const [tall, setTall] = useState(false);
  const id = useId();
  useOpener(side);
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    heading.current?.closest('.map-sheet')?.querySelector('.map-sheet-body')?.scrollTo(0, 0);
  }, [subject]);
  return (
    <section
      class={`map-sheet map-${side}${tall ? ' tall' : ''}`}
      aria-labelledby={id}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || event.defaultPrevented) return;
        event.stopPropagation();
        (back?.go ?? onClose)();
      }}
    >
      <header class="map-sheet-head">
        {back && <Button look="quiet" icon="back" iconOnly label={back.label} onClick={back.go} />}
        <h2 id={id} ref={heading} tabIndex={-1}>
          {title}
        </h2>
        {tools}
        <Button
          class="map-sheet-size"
          look="quiet"
          icon={tall ? 'down' : 'up'}
          iconOnly
          label={t(tall ? 'shorter' : 'taller')}
          onClick={() => setTall(!tall)}
        />
        <Button look="quiet" icon="close" iconOnly label={t('close')} onClick={onClose} />
      </header>
      <div class="map-sheet-body">{children}</div>
    </section>
  );
}

const openers: Record<Side, Element | null> = { panel: null, detail: null };
const open: Record<Side, number> = { panel: 0, detail: 0 };

/** Give the focus back to what opened the first sheet of a row of sheets, once the last of them has closed. */
function useOpener(side: Side): void {
  useLayoutEffect(() => {
    open[side] += 1;
    openers[side] ??= document.activeElement;
    return () => {
      open[side] -= 1;
      setTimeout(() => {
        if (open[side] === 0) giveBack(side);
      });
    };
  }, [side]);
}

function giveBack(side: Side): void {
  const opener = openers[side];
  openers[side] = null;
  const usable = opener instanceof HTMLElement && opener !== document.body && opener.isConnected;
  const back = usable ? opener : document.querySelector<HTMLElement>('.map-canvas canvas');
  back?.focus({ preventScroll: true });
}
