import type { ComponentChildren, TargetedEvent } from 'preact';
import { useId } from 'preact/hooks';

interface Common {
  label: string;
  hint?: ComponentChildren;
  error?: string | null;
}
interface Input extends Common {
  type?: 'text' | 'search' | 'number' | 'date';
  value: string | number;
  onInput: (event: TargetedEvent<HTMLInputElement>) => void;
  name?: string;
  placeholder?: string;
  autoComplete?: string;
  inputMode?: 'text' | 'decimal' | 'numeric' | 'search';
  maxLength?: number;
  min?: string | number;
  max?: string | number;
  step?: string | number;
  required?: boolean;
  disabled?: boolean;
  list?: string;
}
interface Choice extends Common {
  value: string;
  options: readonly { value: string; label: string }[];
  onChange: (event: TargetedEvent<HTMLSelectElement>) => void;
  name?: string;
  disabled?: boolean;
}
interface Box extends Omit<Common, 'error'> {
  checked: boolean;
  onChange: (event: TargetedEvent<HTMLInputElement>) => void;
  name?: string;
  disabled?: boolean;
}

function Labelled({ label, hint, error, id, children }: Common & { id: string; children: ComponentChildren }) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p class="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

const described = (id: string, { hint, error }: Pick<Common, 'hint' | 'error'>): string | undefined =>
  [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ') || undefined;

/** A text, number, date or search field with its label, hint and mistake. */
export function Field({ label, hint, error, ...input }: Input) {
  const id = useId();
  return (
    <Labelled label={label} hint={hint} error={error} id={id}>
      <input
        id={id}
        aria-describedby={described(id, { hint, error })}
        aria-invalid={error ? true : undefined}
        {...input}
      />
    </Labelled>
  );
}

export function Select({ label, hint, error, options, ...select }: Choice) {
  const id = useId();
  return (
    <Labelled label={label} hint={hint} error={error} id={id}>
      <select id={id} aria-describedby={described(id, { hint, error })} {...select}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </Labelled>
  );
}

export function Check({ label, hint, ...input }: Box) {
  const id = useId();
  return (
    <div class="field check">
      <input id={id} type="checkbox" aria-describedby={described(id, { hint })} {...input} />
      <label for={id}>{label}</label>
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}
