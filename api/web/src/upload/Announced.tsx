/** What a screen reader hears of a survey that is sent: the start, each quarter, the end, and what stops. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { percent } from '../i18n';
import { uploadMessages as t } from './messages';
import type { Sending } from './sending';

/** The sentence of this moment; the same sentence as long as nothing new is worth hearing. */
export function announcement({ survey: { name }, files }: Sending): string {
  const failed = files.find((file) => file.state === 'failed');
  if (failed) return t('said_failed', { name, file: failed.name });
  if (files.every((file) => file.state === 'done')) return t('said_done', { name });
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const quarter = Math.floor((4 * files.reduce((sum, file) => sum + file.sent, 0)) / (size || 1)) / 4;
  return quarter === 0 ? t('said_start', { name }) : t('said_part', { name, share: percent(quarter) });
}

export function Announced({ sending }: { sending: Sending }) {
  const sentence = announcement(sending);
  const [heard, setHeard] = useState('');
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) setHeard(sentence); // a region is only read when it changes after it appeared
    first.current = false;
  }, [sentence]);
  return (
    <p class="visually-hidden" role="status">
      {heard}
    </p>
  );
}
