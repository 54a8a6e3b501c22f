import type { ButtonHTMLAttributes } from 'preact';
import { Icon, type IconName } from './Icon';

type Props = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'icon'> & {
  look?: 'primary' | 'plain' | 'quiet' | 'danger';
  icon?: IconName;
  /** The text is for screen readers (and the tooltip); only the icon is seen. */
  iconOnly?: boolean;
  label: string;
};

export function Button({ look = 'plain', icon, iconOnly, label, type = 'button', class: extra, ...rest }: Props) {
  return (
    <button
      type={type}
      class={`button ${look}${iconOnly ? ' icon-only' : ''}${extra ? ` ${extra}` : ''}`}
      title={iconOnly ? label : undefined}
      {...rest}
    >
      {icon && <Icon name={icon} />}
      <span class={iconOnly ? 'visually-hidden' : undefined}>{label}</span>
    </button>
  );
}
