import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { shellMessages as t } from '../messages';
import { Button } from './Button';

interface Props {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  /** Buttons at the bottom. */
  actions?: ComponentChildren;
}

/** A modal on the native <dialog>: it keeps the focus, Escape closes it, and the focus goes back afterwards. */
export function Dialog({ title, onClose, children, actions }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const before = document.activeElement;
    const shown = dialog.current;
    shown?.showModal();
    return () => {
      shown?.close();
      if (before instanceof HTMLElement) before.focus(); // the dialog has gone already: it can't do so itself
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click beside it; Escape is onCancel
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div class="dialog-body">
        <div class="dialog-head">
          <h2 id={heading}>{title}</h2>
          <Button look="quiet" icon="close" iconOnly label={t('close')} onClick={onClose} />
        </div>
        {children}
        {actions && <div class="actions dialog-actions">{actions}</div>}
      </div>
    </dialog>
  );
}

interface Question extends Props {
  yes: string;
  onYes: () => void;
  /** What closing it means; where "cancel" could be read as doing it. */
  no?: string;
  danger?: boolean;
  busy?: boolean;
}

/** Ask before something that can't be undone. */
export function Confirm({ yes, onYes, no, danger, busy, ...dialog }: Question) {
  return (
    <Dialog
      {...dialog}
      actions={
        <>
          <Button label={no ?? t('cancel')} onClick={dialog.onClose} />
          <Button look={danger ? 'danger' : 'primary'} label={yes} onClick={onYes} disabled={busy} />
        </>
      }
    />
  );
}
