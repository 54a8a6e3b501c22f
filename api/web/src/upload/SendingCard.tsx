/** One survey on its way: how far, how fast, how long still; and once it is there, what the check says. */
import { useState } from 'preact/hooks';
import { said } from '../api';
import { bytes, duration, percent } from '../i18n';
import { href } from '../router';
import { Findings } from '../surveys/Findings';
import { HowFar, StateBadge } from '../surveys/State';
import { Button } from '../ui/Button';
import { Confirm } from '../ui/Dialog';
import { Note } from '../ui/Note';
import { ProgressBar } from '../ui/ProgressBar';
import { toast } from '../ui/Toast';
import { Announced } from './Announced';
import { uploadMessages as t } from './messages';
import { again, cancel, dismiss, leaveOut, pause, reopenFiles, resume, type Sending, type Sent } from './sending';
import { timeLeft_s } from './speed';

const attempt = (work: Promise<unknown>): void => void work.catch((error) => toast(said(error), 'bad'));

export function SendingCard({ sending, chooseAgain }: { sending: Sending; chooseAgain: () => void }) {
  const [asking, setAsking] = useState(false);
  const { survey, files, paused } = sending;
  const { id, name } = survey;
  const all = files.every((file) => file.state === 'done');
  const missing = files.filter((file) => file.state === 'missing').length;
  const goOn = async (): Promise<void> => {
    if (!(await reopenFiles(id))) chooseAgain();
  };
  return (
    <li class="card upload-sending">
      <div class="page-head">
        <h3>{name}</h3>
        <StateBadge survey={survey} />
      </div>
      {all ? <Arrived sending={sending} /> : <Total sending={sending} />}
      <Announced sending={sending} />
      {missing > 0 && (
        <Note tone="warn" label={t('missingTitle')}>
          <p>{t('missingText', { n: missing })}</p>
          <Button look="primary" icon="file" label={t('missingChoose')} onClick={() => void goOn()} />
        </Note>
      )}
      {(!all || files.length > 1) && (
        <ul class="upload-sent">
          {files.map((file) => (
            <FileRow key={file.id} file={file} sending={sending} />
          ))}
        </ul>
      )}
      <div class="actions">
        {all ? (
          <>
            <a class="button primary" href={href(`opnames/${id}`)}>
              {t('toSurvey')}
            </a>
            <Button
              look="quiet"
              label={t('dismiss')}
              aria-label={t('dismissOf', { name })}
              onClick={() => dismiss(id)}
            />
          </>
        ) : (
          <>
            {paused ? (
              <Button
                look="primary"
                icon="play"
                label={t('resume')}
                aria-label={t('resumeOf', { name })}
                onClick={() => resume(id)}
              />
            ) : (
              missing < files.length && (
                <Button icon="pause" label={t('pause')} aria-label={t('pauseOf', { name })} onClick={() => pause(id)} />
              )
            )}
            <Button
              look="quiet"
              label={t('cancel')}
              aria-label={t('cancelOf', { name })}
              onClick={() => setAsking(true)}
            />
          </>
        )}
      </div>
      {asking && (
        <Confirm
          title={t('cancelTitle')}
          yes={t('cancelYes')}
          no={t('keepSending')}
          danger
          onClose={() => setAsking(false)}
          onYes={() => attempt(cancel(id).finally(() => setAsking(false)))}
        >
          <p>{t('cancelText', { name })}</p>
        </Confirm>
      )}
    </li>
  );
}

function Arrived({ sending: { survey } }: { sending: Sending }) {
  return (
    <>
      <p>{t('allHere')}</p>
      <HowFar survey={survey} />
      {survey.error && <Note tone="bad">{survey.error}</Note>}
      <Findings findings={survey.findings} />
    </>
  );
}

function Total({ sending: { survey, files } }: { sending: Sending }) {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const sent = files.reduce((sum, file) => sum + file.sent, 0);
  const rates = files.map((file) => file.rate).filter((rate) => rate !== null);
  const rate = rates.length ? rates.reduce((sum, one) => sum + one, 0) : null;
  const left_s = timeLeft_s(size - sent, rate);
  const parts = [
    `${t('totalOf', { sent: bytes(sent), size: bytes(size) })} (${percent(size ? sent / size : 1)})`,
    rate !== null && t('perSecond', { rate: bytes(rate) }),
    left_s !== null && t('left', { time: duration(left_s) }),
  ];
  const label = t('surveyProgress', { name: survey.name });
  return <ProgressBar label={label} value={sent} max={size || 1} text={parts.filter(Boolean).join(' · ')} />;
}

function FileRow({ file, sending: { survey, paused } }: { file: Sent; sending: Sending }) {
  const { id, name, state } = file;
  const shown = paused && state === 'queued' ? 'paused' : state;
  const left_s = timeLeft_s(file.size - file.sent, file.rate);
  const words = [
    t(`fileState_${shown}`),
    state !== 'done' && t('totalOf', { sent: bytes(file.sent), size: bytes(file.size) }),
    state === 'sending' && file.rate !== null && t('perSecond', { rate: bytes(file.rate) }),
    state === 'sending' && left_s !== null && t('left', { time: duration(left_s) }),
  ];
  return (
    <li data-state={shown}>
      <span class="upload-file-name">{name}</span>
      <ProgressBar
        label={t('fileProgress', { name })}
        value={file.sent}
        max={file.size || 1}
        text={words.filter(Boolean).join(' · ')}
      />
      {file.error && <Note tone="bad">{file.error}</Note>}
      {(state === 'failed' || state === 'missing') && (
        <div class="actions">
          {state === 'failed' && (
            <Button label={t('again')} aria-label={t('againOf', { name })} onClick={() => again(id)} />
          )}
          <Button
            look="quiet"
            label={t('leaveOut')}
            aria-label={t('leaveOutOf', { name })}
            onClick={() => attempt(leaveOut(survey.id, id))}
          />
        </div>
      )}
    </li>
  );
}
