/** What to repair first, and why. */
import { useState } from 'preact/hooks';
import { lang, metres, number } from '../i18n';
import { about } from '../session';
import { Button } from '../ui/Button';
import { Select } from '../ui/Field';
import { Loaded } from '../ui/States';
import { useFollowing } from './following';
import { mapMessages as t, word } from './messages';
import { SegmentRow } from './SegmentRow';
import { type Priority, priorities } from './server';
import { PLANS, type SegmentProperties } from './types';

const STEP = 30;

export function Priorities() {
  const [plan, setPlan] = useState('');
  const [limit, setLimit] = useState(STEP);
  const list = useFollowing(
    (signal) => priorities(plan, limit, signal),
    `${plan} ${limit}`,
    about.value?.map?.version ?? '',
  );
  return (
    <>
      <p class="hint">{t('prioritiesLead')}</p>
      <Select
        label={t('plan')}
        value={plan}
        options={[
          { value: '', label: t('allPlans') },
          ...PLANS.map((value) => ({ value, label: word('plan', value) })),
        ]}
        onChange={(event) => {
          setPlan(event.currentTarget.value);
          setLimit(STEP);
        }}
      />
      <Loaded from={list}>
        {({ segments }) =>
          segments.length === 0 ? (
            <p>{t('prioritiesNone')}</p>
          ) : (
            <>
              <ol class="map-rows" aria-label={t('panel.priorities')}>
                {segments.map((row) => (
                  <Row key={row.segment_id} row={row} />
                ))}
              </ol>
              {segments.length === limit && (
                <Button label={t('prioritiesMore')} onClick={() => setLimit(limit + STEP)} />
              )}
            </>
          )
        }
      </Loaded>
    </>
  );
}

function Row({ row }: { row: Priority }) {
  return (
    <SegmentRow
      row={row}
      lead={
        <span class="map-rank">
          {row.priority !== null && number(row.priority)}
          <span class="visually-hidden">.</span>
        </span>
      }
    >
      <small>{whyOf(row)}</small>
      {row.job_m !== null && row.job_m > row.length_m * 1.01 && (
        <small>{t('job', { length: metres(row.job_m) })}</small>
      )}
    </SegmentRow>
  );
}

/** Why a segment has its rank, in the language shown. */
export const whyOf = (row: Pick<SegmentProperties, 'why' | 'why_nl'>): string =>
  (lang.value === 'nl' ? row.why_nl : row.why) ?? '';
