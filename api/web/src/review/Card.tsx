/** One defect to judge: its picture as large as fits, the answers, and what was measured. */
import { useEffect } from 'preact/hooks';
import { DefectFacts } from '../map/DefectFacts';
import { mapMessages, word } from '../map/messages';
import { pictureAddress } from '../map/Picture';
import type { DefectProperties } from '../map/types';
import { LANG_FIELD } from '../map/words';
import { href } from '../router';
import { may } from '../session';
import type { DamageClass } from '../types';
import { Icon } from '../ui/Icon';
import { keys } from './keys';
import { reviewMessages as t } from './messages';

interface Props {
  defect: DefectProperties;
  next: DefectProperties | undefined;
  classes: readonly DamageClass[];
  answer: (key: string) => void;
  undoable: boolean;
}

export function Card({ defect, next, classes, answer, undoable }: Props) {
  const name = defect[LANG_FIELD()];
  useEffect(() => {
    if (next?.picture) new Image().src = pictureAddress(next.picture);
  }, [next?.picture]);
  return (
    <article class="review-card" aria-labelledby="review-question">
      <h2 id="review-question">{t('isIt', { class: name })}</h2>
      <div class="review-picture">
        {defect.picture ? (
          <img
            key={defect.id}
            src={pictureAddress(defect.picture)}
            alt={mapMessages('picture', { class: name.toLowerCase() })}
          />
        ) : (
          <p>
            <Icon name="picture" /> {mapMessages('noPicture')}
          </p>
        )}
      </div>
      {may('editor') && (
        <div class="review-answers">
          <Answer k="a" look="primary" label={t('accept')} answer={answer} />
          <Answer k="r" look="primary" label={t('reject')} answer={answer} />
          <Answer k="s" label={t('skip')} answer={answer} />
          {undoable && <Answer k="u" look="quiet" label={t('undo')} answer={answer} />}
          <fieldset>
            <legend>{t('relabelTo')}</legend>
            {classes.map(
              (one, i) =>
                one.name !== defect.class && (
                  <Answer key={one.name} k={String(i + 1)} label={one[LANG_FIELD()]} answer={answer} />
                ),
            )}
          </fieldset>
        </div>
      )}
      <div class="review-facts">
        <p>
          {mapMessages('defect')} {defect.id} · {word('kind', defect.kind)} · {word('state', defect.state)}
        </p>
        <DefectFacts p={defect} />
        <p>
          <a href={href('kaart', { defect: defect.id, segment: defect.segment_id })}>{t('toMap')}</a>
        </p>
      </div>
    </article>
  );
}

interface AnswerProps {
  k: string;
  label: string;
  look?: 'primary' | 'plain' | 'quiet';
  answer: (key: string) => void;
}

function Answer({ k, label, look = 'plain', answer }: AnswerProps) {
  const on = keys.value === 'on';
  return (
    <button
      type="button"
      class={`button ${look}`}
      aria-keyshortcuts={on ? k.toUpperCase() : undefined}
      onClick={() => answer(k)}
    >
      <span>{label}</span>
      {on && (
        <span class="review-key" aria-hidden="true">
          {k.toUpperCase()}
        </span>
      )}
    </button>
  );
}
