/** Say whether a damage is there and what it is. The map follows at once; every decision is kept. */
import { useRef, useState } from 'preact/hooks';
import { said } from '../api';
import { loadAbout, may } from '../session';
import type { DamageClass } from '../types';
import { Button } from '../ui/Button';
import { toast } from '../ui/Toast';
import { mapMessages as t, word } from './messages';
import { decide } from './server';
import type { Decision, DefectProperties } from './types';
import { LANG_FIELD } from './words';

interface Props {
  defect: DefectProperties;
  classes: readonly DamageClass[];
  onDecided: () => void;
}

export function Decide({ defect, classes, onDecided }: Props) {
  const busy = useRef(false);
  const answers = useRef<HTMLDivElement>(null);
  const [choosing, setChoosing] = useState(false);
  if (!may('editor')) return <p class="hint">{t('readOnly')}</p>;
  const send = async (decision: Decision, className?: string): Promise<void> => {
    if (busy.current) return;
    busy.current = true;
    try {
      await decide(defect.id, decision, className);
      setChoosing(false);
      toast(t('saved', { what: word('decision', decision) }), 'good');
      onDecided();
      void loadAbout();
    } catch (error) {
      toast(said(error), 'bad');
    }
    busy.current = false;
    answers.current?.querySelector('button')?.focus(); // what was pressed may be gone
  };
  return (
    <>
      {defect.review && <p>{word('review', defect.review)}.</p>}
      <div ref={answers} class="actions map-decide">
        <Button icon="check" label={t('accept')} onClick={() => void send('accept')} />
        <Button icon="close" label={t('reject')} onClick={() => void send('reject')} />
        <Button label={t('relabel')} aria-expanded={choosing} onClick={() => setChoosing(!choosing)} />
        {defect.review && <Button look="quiet" label={t('undo')} onClick={() => void send('undo')} />}
      </div>
      {choosing && (
        <fieldset class="map-group map-relabel">
          <legend>{t('relabelTo')}</legend>
          <div class="actions">
            {classes
              .filter((one) => one.name !== defect.class)
              .map((one) => (
                <Button key={one.name} label={one[LANG_FIELD()]} onClick={() => void send('relabel', one.name)} />
              ))}
          </div>
        </fieldset>
      )}
    </>
  );
}
