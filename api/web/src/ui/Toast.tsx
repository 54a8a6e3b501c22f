import { signal } from '@preact/signals';
import { shellMessages as t } from '../messages';
import { Button } from './Button';
import { Icon } from './Icon';

interface Note {
  id: number;
  text: string;
  tone: 'good' | 'bad' | 'info';
}
const notes = signal<readonly Note[]>([]);
const SHOWN_S = 6;
let last = 0;

/** Tell something in passing. A failure stays until it is dismissed. */
export function toast(text: string, tone: Note['tone'] = 'info'): void {
  const note = { id: ++last, text, tone };
  notes.value = [...notes.value.slice(-2), note];
  if (tone !== 'bad') setTimeout(() => drop(note.id), SHOWN_S * 1000);
}

const drop = (id: number): void => {
  notes.value = notes.value.filter((note) => note.id !== id);
};

/** Where they appear; screen readers read each as it comes. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {notes.value.map((note) => (
        <div key={note.id} class={`toast ${note.tone}`}>
          <Icon name={note.tone === 'good' ? 'check' : note.tone === 'bad' ? 'warn' : 'info'} />
          <span>{note.text}</span>
          <Button look="quiet" icon="close" iconOnly label={t('dismiss')} onClick={() => drop(note.id)} />
        </div>
      ))}
    </div>
  );
}
