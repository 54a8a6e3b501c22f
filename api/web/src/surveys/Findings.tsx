/** What the check found, gravest first, each with what to do. */
import { both } from '../i18n';
import type { Finding } from '../types';
import { Note, type Tone } from '../ui/Note';
import { surveyMessages as t } from './messages';

const LEVELS: readonly Finding['level'][] = ['stop', 'warn', 'info'];
const TONES: Record<Finding['level'], Tone> = { stop: 'bad', warn: 'warn', info: 'info' };

export function Findings({ findings }: { findings: readonly Finding[] }) {
  const sorted = findings.toSorted((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
  return (
    <ul class="findings">
      {sorted.map((finding, i) => (
        <li key={i}>
          <Note tone={TONES[finding.level]} label={t(`level_${finding.level}`)}>
            {both(finding, 'text')}
            {finding.file && !both(finding, 'text').includes(finding.file) && (
              <span class="hint"> {t('findingFile', { file: finding.file })}</span>
            )}
          </Note>
        </li>
      ))}
    </ul>
  );
}
