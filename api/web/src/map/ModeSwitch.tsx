/** What the segments are coloured by. Coverage is apart from condition: unseen is not undamaged. */
import { mapMessages as t } from './messages';
import { MODES } from './url';
import { change, view } from './view';

export function ModeSwitch() {
  const { mode } = view.value;
  return (
    <fieldset class="map-modes">
      <legend class="visually-hidden">{t('mode')}</legend>
      {MODES.map((each) => (
        <label key={each}>
          <input
            type="radio"
            name="mode"
            value={each}
            checked={each === mode}
            onChange={() => change({ mode: each })}
          />
          <span>{t(`mode.${each}`)}</span>
        </label>
      ))}
    </fieldset>
  );
}
