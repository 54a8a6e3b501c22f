/** The grade with its doubt, and what follows from it. */
import { number, percent } from '../i18n';
import type { Grade as GradeEntry } from '../types';
import { GREY } from './legend';
import { mapMessages as t, word } from './messages';
import { entryOf } from './SegmentRow';
import { LineSwatch } from './Swatch';
import type { SegmentProperties } from './types';

export function Grade({ p, grades }: { p: SegmentProperties; grades: readonly GradeEntry[] }) {
  const colour = grades.find((one) => one.name === p.grade)?.colour ?? GREY;
  return (
    <>
      <p class="map-grade">
        <LineSwatch entry={entryOf(p)} />
        <strong>{word('grade', p.grade)}</strong>
        <span>
          {t('score')} {number(p.score ?? 0)}{' '}
          <small>({t('interval', { low: number(p.score_low ?? 0), high: number(p.score_high ?? 100) })})</small>
        </span>
      </p>
      <Interval score={p.score ?? 0} low={p.score_low ?? 0} high={p.score_high ?? 100} colour={colour} />
      <dl class="facts">
        <dt>{t('confidence')}</dt>
        <dd>{percent(p.confidence)}</dd>
        {p.pci !== null && (
          <>
            <dt>{t('pci')}</dt>
            <dd>
              {number(p.pci)} {p.pci_rating && `· ${word('pci', p.pci_rating)} `}
              <small>
                ({t('interval', { low: number(p.pci_low ?? 0), high: number(p.pci_high ?? 100) })}; {t('pciNote')})
              </small>
            </dd>
          </>
        )}
        {p.plan && (
          <>
            <dt>{t('plan')}</dt>
            <dd>{word('plan', p.plan)}</dd>
          </>
        )}
        {p.priority !== null && (
          <>
            <dt>{t('priority')}</dt>
            <dd>{t('priorityRank', { n: p.priority })}</dd>
          </>
        )}
      </dl>
    </>
  );
}

/** A score on a line from 0 to 100, with its interval around it. */
function Interval({ score, low, high, colour }: { score: number; low: number; high: number; colour: string }) {
  const label = t('scoreOf', { score: number(score), low: number(low), high: number(high) });
  const x = (value: number): number => 8 + 3.24 * value;
  return (
    <svg class="map-interval" viewBox="0 0 340 34" role="img" aria-label={label}>
      <line class="track" x1={x(0)} x2={x(100)} y1="10" y2="10" />
      <line class="range" x1={x(low)} x2={x(high)} y1="10" y2="10" />
      <circle cx={x(score)} cy="10" r="7" fill={colour} />
      {[0, 50, 100].map((value) => (
        <text key={value} x={x(value)} y="31" text-anchor={value === 0 ? 'start' : value === 100 ? 'end' : 'middle'}>
          {value}
        </text>
      ))}
    </svg>
  );
}
