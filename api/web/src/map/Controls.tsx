/** Zoom, the whole area, where I am, and whose basemap it is. */
import { useState } from 'preact/hooks';
import { Button } from '../ui/Button';
import { toast } from '../ui/Toast';
import { mapMessages as t } from './messages';
import { engine, margins } from './stage';
import type { Box } from './types';

const PATIENCE_MS = 15_000;

export function Controls({ bbox, credit }: { bbox: Box; credit: string }) {
  const [locating, setLocating] = useState(false);
  const locate = (): void => {
    setLocating(true);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        setLocating(false);
        engine.peek()?.showMe(coords.longitude, coords.latitude);
      },
      (failure) => {
        setLocating(false);
        toast(t(failure.code === failure.PERMISSION_DENIED ? 'locateDenied' : 'locateFailed'), 'bad');
      },
      { enableHighAccuracy: true, timeout: PATIENCE_MS },
    );
  };
  if (!engine.value) return null;
  return (
    <div class="map-controls">
      <div class="map-card">
        <Button look="quiet" icon="plus" iconOnly label={t('zoomIn')} onClick={() => engine.peek()?.zoom(1)} />
        <Button look="quiet" icon="minus" iconOnly label={t('zoomOut')} onClick={() => engine.peek()?.zoom(-1)} />
        <Button
          look="quiet"
          icon="whole"
          iconOnly
          label={t('wholeMap')}
          onClick={() => engine.peek()?.goTo(bbox, margins())}
        />
        {'geolocation' in navigator && isSecureContext && (
          <Button
            look="quiet"
            icon="pin"
            iconOnly
            label={t(locating ? 'locating' : 'locate')}
            disabled={locating}
            onClick={locate}
          />
        )}
      </div>
      {credit && <p class="map-credit">{credit}</p>}
    </div>
  );
}
