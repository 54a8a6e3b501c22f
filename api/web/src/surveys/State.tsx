/** A survey's state as a word, and how far it is as a bar. */
import { both, bytes, percent } from '../i18n';
import type { Survey } from '../types';
import { Badge } from '../ui/Note';
import { ProgressBar } from '../ui/ProgressBar';
import { surveyMessages as t } from './messages';
import { howFar, received, TONES } from './words';

export const StateBadge = ({ survey }: { survey: Survey }) => (
  <Badge tone={TONES[survey.state]} label={both(survey, 'state')} />
);

/** Nothing when the survey is at rest. */
export function HowFar({ survey }: { survey: Survey }) {
  const label = t('progress', { name: survey.name });
  if (survey.state === 'uploading') {
    const { sent, size } = received(survey);
    const text = `${t('received', { sent: bytes(sent), size: bytes(size) })} (${percent(size ? sent / size : 0)})`;
    return <ProgressBar label={label} value={sent} max={size || 1} text={text} />;
  }
  const far = howFar(survey.job);
  return far && <ProgressBar label={label} value={far.share} text={far.text} />;
}
