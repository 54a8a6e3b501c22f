/** A crop of the carriageway; a press shows it as large as it is. */
import { useState } from 'preact/hooks';
import { address } from '../api';
import { Dialog } from '../ui/Dialog';
import { Icon } from '../ui/Icon';
import { mapMessages as t } from './messages';

/** Where the server has a picture: `pictures/...` of an answer. */
export const pictureAddress = (picture: string): string => address(`v1/${picture}`);

export function Picture({ picture, label }: { picture: string | null; label: string }) {
  const [large, setLarge] = useState(false);
  const [missing, setMissing] = useState(false);
  if (picture === null || missing) {
    return (
      <p class="map-no-picture">
        <Icon name="picture" /> {t('noPicture')}
      </p>
    );
  }
  const shown = <img src={pictureAddress(picture)} alt={label} onError={() => setMissing(true)} />;
  return (
    <>
      <button type="button" class="map-picture" aria-label={`${label}. ${t('enlarge')}`} onClick={() => setLarge(true)}>
        {shown}
      </button>
      {large && (
        <Dialog title={label} onClose={() => setLarge(false)}>
          <div class="map-picture-large">{shown}</div>
        </Dialog>
      )}
    </>
  );
}
