import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './Icon';

export type Tone = 'good' | 'warn' | 'bad' | 'info';
const ICONS: Record<Tone, IconName> = { good: 'check', warn: 'warn', bad: 'stop', info: 'info' };

/** A remark between other content; the icon and `label` say how grave it is, not only the colour. */
export function Note({ tone = 'info', label, children }: { tone?: Tone; label?: string; children: ComponentChildren }) {
  return (
    <div class={`note ${tone}`}>
      <Icon name={ICONS[tone]} />
      <div>
        {label && <strong>{label} </strong>}
        {children}
      </div>
    </div>
  );
}

/** A short state in words, with a tone. */
export function Badge({ tone = 'info', label }: { tone?: Tone | 'plain'; label: string }) {
  return <span class={`badge ${tone}`}>{label}</span>;
}
