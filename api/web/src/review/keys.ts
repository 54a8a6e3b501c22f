/** One key per decision, for those who want them (WCAG 2.1.4: they can be turned off). */
import { useEffect, useRef } from 'preact/hooks';
import { remembered } from '../signals';

export const keys = remembered<'on' | 'off'>('reviewKeys', 'on', ['on', 'off']);

/** Call `act` with the key, unless a person is typing or a dialog is open. */
export function useKeys(act: (key: string) => boolean): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (keys.peek() === 'off' || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
      const target = event.target instanceof Element ? event.target : null;
      if (target?.closest('input:not([type="checkbox"]), textarea, select, dialog')) return;
      if (latest.current(event.key.toLowerCase())) event.preventDefault();
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, []);
}
