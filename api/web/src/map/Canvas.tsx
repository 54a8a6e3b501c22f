/** The map itself: starts MapLibre when that has come, and keeps it drawing what the page asks for. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { lang } from '../i18n';
import type { Events } from './engine';
import { mapMessages as t } from './messages';
import { arrival, engine, inView, margins, pointed } from './stage';
import type { Drawing } from './style';
import { change, view } from './view';

const arriving = import('./engine'); // begins with this page's own file, beside the first question to the server
arriving.catch(() => undefined); // said by the component

type CanvasState = 'starting' | 'drawn' | 'failed';

export function Canvas({
  drawing,
  onBasemapLost,
  onDrawn,
}: {
  drawing: Drawing;
  onBasemapLost: () => void;
  onDrawn: () => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const latest = useRef(drawing);
  latest.current = drawing;
  const [state, setState] = useState<CanvasState>('starting');
  const { position } = view.value;

  useEffect(() => {
    let gone = false;
    arriving
      .then(({ openMap }) => {
        if (gone || !box.current) return;
        const events = listeners(onBasemapLost, () => {
          setState('drawn');
          onDrawn();
        });
        engine.value = openMap(box.current, latest.current, view.peek().position, margins(), events);
      })
      .catch((error: unknown) => {
        console.error(error);
        if (!gone) setState('failed');
      });
    return () => {
      gone = true;
      engine.peek()?.close();
      engine.value = null;
      pointed.value = null;
      inView.value = [];
    };
  }, []);
  const running = engine.value;
  useEffect(() => running?.draw(drawing), [running, drawing]);
  useEffect(() => {
    if (position) running?.jump(position);
  }, [running, position]);
  useEffect(() => running?.label(t('canvas')), [running, lang.value]);
  return (
    <div class="map-canvas">
      <div ref={box} class="map-box" />
      {state === 'starting' && (
        <p class="map-card map-starting" role="status">
          {t('loadingMap')}…
        </p>
      )}
      {state === 'failed' && (
        <p class="map-card map-failed" role="alert">
          {t('noWebgl')}
        </p>
      )}
    </div>
  );
}

function listeners(onBasemapLost: () => void, onDrawn: () => void): Events {
  return {
    moved: (position) => change({ position }),
    pointed(what, at) {
      pointed.value = what && { what, at };
    },
    picked(what, at) {
      arrival.by = what && 'click';
      if (what?.kind === 'defect') change({ defect: what.id });
      else change({ defect: null, segment: what ? what.id : null });
      if (what) requestAnimationFrame(() => engine.peek()?.reveal(at, margins()));
    },
    settled() {
      inView.value = engine.peek()?.inView() ?? [];
      onDrawn();
    },
    basemapLost: onBasemapLost,
  };
}
