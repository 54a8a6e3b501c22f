/** A panel beside the map, below it on a phone. Takes the focus when it opens; Escape closes it. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { Button } from '../ui/Button';
import { mapMessages as t } from './messages';

interface Props {
  side: 'panel' | 'detail';
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
  const opener = useRef<Element | null>(null);
  const [tall, setTall] = useState(false);
  const id = useId();
  useEffect(() => {
    opener.current ??= document.activeElement;
    heading.current?.focus({ preventScroll: true });
    heading.current?.closest('.map-sheet')?.querySelector('.map-sheet-body')?.scrollTo(0, 0);
  }, [subject]);
  useEffect(
    () => () => {
      const previous = opener.current;
      if (previous instanceof HTMLElement && previous !== document.body && previous.isConnected)
        previous.focus({ preventScroll: true });
      else document.querySelector<HTMLElement>('.map-canvas canvas')?.focus({ preventScroll: true });
    },
    [],
  );
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
