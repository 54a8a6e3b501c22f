/** Why a segment has its grade and its rank: what took points off, with the damage that did. */
import { number, percent } from '../i18n';
import { mapMessages as t, word } from './messages';
import { whyOf } from './Priorities';
import { type Reason, readReasons } from './reasons';
import type { SegmentProperties } from './types';
import { addressOf } from './view';

const NAMED = 6; // defects that a reason links to; all are in the list below

export function Why({ p }: { p: SegmentProperties }) {
  const reasons = readReasons(p.reasons);
  const why = whyOf(p);
  return (
    <>
      <h3>{t('whyGrade')}</h3>
      {reasons.length === 0 ? (
        <p>{t('whyNone')}</p>
      ) : (
        <ul class="map-reasons">
          {reasons.map((reason) =>
            typeof reason === 'string' ? (
              <li key={reason}>{reason}</li>
            ) : (
              <ReasonLine key={`${reason.kind} ${reason.severity}`} reason={reason} />
            ),
          )}
        </ul>
      )}
      <p class="hint">{t('estimated', { table: p.table })}</p>
      {why && p.priority !== null && (
        <>
          <h3>{t('whyPriority')}</h3>
          <p>{why}</p>
        </>
      )}
    </>
  );
}

function ReasonLine({ reason }: { reason: Reason }) {
  const { defects, more } = reason;
  const rest = defects.length - NAMED + more;
  return (
    <li>
      <span class="map-reason-head">
        <strong>
          {t('reason', {
            kind: word('kind', reason.kind),
            severity: word('severity', reason.severity),
            extent: number(reason.extent),
          })}
        </strong>
        <span class="count">{t('points', { n: reason.points })}</span>
      </span>
      <small>
        {t('reasonShare', { p: percent(reason.percent / 100, reason.percent < 1 ? 2 : 0) })} · {t('reasonDefects')}{' '}
        {defects.slice(0, NAMED).map((id, i) => (
          <>
            {i > 0 && ', '}
            <a key={id} href={addressOf({ defect: id })}>
              {id}
            </a>
          </>
        ))}
        {rest > 0 && ` ${t('moreDefects', { n: rest })}`}
      </small>
    </li>
  );
}
