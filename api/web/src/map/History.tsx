/** A segment's score over time with its interval: a drawing, and the same as a table. */
import { date, number, percent } from '../i18n';
import { Table } from '../ui/Table';
import { type Frame, plot } from './chart';
import { mapMessages as t, word } from './messages';
import { entryOf } from './SegmentRow';
import type { Moment } from './types';

const FRAME: Frame = { width: 360, height: 150, left: 30, right: 26, top: 10, bottom: 26 };

export function History({ moments }: { moments: readonly Moment[] }) {
  if (moments.length === 0) return <p>{t('historyNone')}</p>;
  const chart = plot(moments, FRAME);
  const newest = [...moments].sort((a, b) => b.at_utc.localeCompare(a.at_utc));
  return (
    <>
      {moments.length === 1 && <p>{t('historyOne')}</p>}
      {moments.length > 1 && (
        <svg class="map-chart" viewBox={`0 0 ${FRAME.width} ${FRAME.height}`} role="img" aria-label={t('historyChart')}>
          {chart.rows.map(({ y, score }) => (
            <g key={score}>
              <line class="grid" x1={FRAME.left} x2={FRAME.width - FRAME.right} y1={y} y2={y} />
              <text x={FRAME.left - 6} y={y + 4} text-anchor="end">
                {score}
              </text>
            </g>
          ))}
          <path class="band" d={chart.band} />
          <path class="line" d={chart.line} />
          {chart.dots.map((dot) => (
            <g key={dot.moment.at_utc}>
              {dot.low !== null && dot.high !== null && (
                <line class="whisker" x1={dot.x} x2={dot.x} y1={dot.low} y2={dot.high} />
              )}
              {dot.y !== null && <circle cx={dot.x} cy={dot.y} r="5" fill={entryOf(dot.moment).colour} />}
            </g>
          ))}
          {chart.dates.map(({ x, utc }) => (
            <text key={utc} x={x} y={FRAME.height - 8} text-anchor="middle">
              {shortDate(utc)}
            </text>
          ))}
        </svg>
      )}
      <details>
        <summary>{t('historyTable')}</summary>
        <Table
          caption={t('historyChart')}
          captionHidden
          rows={newest}
          rowKey={(row) => row.at_utc}
          columns={[
            { key: 'date', title: t('historyDate'), cell: (row) => date(row.at_utc) },
            { key: 'score', title: t('historyScore'), number: true, cell: scoreOf },
            {
              key: 'grade',
              title: t('historyGrade'),
              cell: (row) => word(row.grade ? 'grade' : 'status', row.grade ?? row.status),
            },
            { key: 'pci', title: t('pci'), number: true, cell: (row) => (row.pci === null ? '–' : number(row.pci)) },
            { key: 'seen', title: t('historySeen'), number: true, cell: (row) => percent(row.coverage) },
            { key: 'defects', title: t('historyDefects'), number: true, cell: (row) => number(row.defects_n) },
          ]}
        />
      </details>
    </>
  );
}

const shortDate = (utc: string): string => date(utc).split(' ').slice(1).join(' ');

function scoreOf({ score, score_low, score_high }: Moment): string {
  if (score === null) return '–';
  if (score_low === null || score_high === null) return number(score);
  return `${number(score)} (${number(score_low)}–${number(score_high)})`;
}
