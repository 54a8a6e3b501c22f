/** What the mouse is over, in two lines. Those without a mouse find the same in the panels. */
import { number, percent } from '../i18n';
import type { DamageClass } from '../types';
import { mapMessages as t, word } from './messages';
import { pointed } from './stage';
import { LANG_FIELD } from './words';

export function Tooltip({ classes }: { classes: readonly DamageClass[] }) {
  const shown = pointed.value;
  if (!shown) return null;
  const { what, at } = shown;
  const title =
    what.kind === 'segment'
      ? what.name || t('nameless')
      : (classes.find((one) => one.name === what.class)?.[LANG_FIELD()] ?? what.class);
  return (
    <div class="map-tip" style={{ left: `${at.x}px`, top: `${at.y}px` }} aria-hidden="true">
      <strong>{title}</strong>
      <span>{what.kind === 'segment' ? verdict(what.properties) : word('state', what.state)}</span>
    </div>
  );
}

function verdict(p: Record<string, unknown>): string {
  if (typeof p.grade === 'string' && typeof p.score === 'number')
    return `${word('grade', p.grade)} · ${t('score').toLowerCase()} ${number(p.score)}`;
  if (typeof p.usable === 'boolean') return t(p.usable ? 'seen stretch' : 'unseen stretch');
  if (typeof p.change === 'string') return word('change', p.change);
  if (typeof p.status !== 'string') return '';
  const share =
    typeof p.coverage === 'number' && p.coverage > 0 ? ` · ${t('seenShare', { p: percent(p.coverage) })}` : '';
  return word('status', p.status) + share;
}
