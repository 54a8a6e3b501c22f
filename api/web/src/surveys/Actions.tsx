/** What a person can do about a survey now. */
import { useRef, useState } from 'preact/hooks';
import { said } from '../api';
import { showing } from '../map/boxes';
import { writePosition } from '../map/url';
import { go, href } from '../router';
import { may } from '../session';
import type { Survey, SurveyOptions } from '../types';
import { Button } from '../ui/Button';
import { Confirm, Dialog } from '../ui/Dialog';
import { Field } from '../ui/Field';
import { toast } from '../ui/Toast';
import { surveyMessages as t } from './messages';
import { SettingFields } from './SettingFields';
import { act, erase, rename, setOptions } from './server';
import { readSettings, settingMistakes, writeSettings } from './settings';
import { doable } from './words';

/** The map where the survey drove; all of it where that is not known. */
function onMap({ summary }: Survey): string {
  const at = summary?.bbox && writePosition(showing(summary.bbox, innerWidth, innerHeight));
  return href('kaart', { mode: 'coverage', ...(at && { at }) });
}

type Asking = 'cancel' | 'remove' | 'rename' | 'settings' | null;

export function Actions({ survey, reload }: { survey: Survey; reload: () => void }) {
  const { id, name, state, duplicate_of } = survey;
  const [asking, setAsking] = useState<Asking>(null);
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const can = doable(survey);
  const attempt = async (work: Promise<unknown>, then = reload): Promise<void> => {
    setBusy(true);
    try {
      await work;
      then();
    } catch (error) {
      toast(said(error), 'bad');
    } finally {
      setBusy(false);
      setAsking(null);
    }
  };
  const add = async (file: File): Promise<void> => {
    const { startMore } = await import('../upload/sending'); // tus is not loaded to read a list
    await startMore(id, { file, path: file.name });
    toast(t('added', { name: file.name }), 'good');
  };
  return (
    <div class="actions">
      {state === 'done' && (
        <a class="button primary" href={onMap(survey)}>
          {t('toMap')}
        </a>
      )}
      {state === 'duplicate' && duplicate_of && (
        <a class="button primary" href={href(`opnames/${encodeURIComponent(duplicate_of)}`)}>
          {t('toOther')}
        </a>
      )}
      {state === 'uploading' && may('editor') && (
        <a class="button primary" href={href('insturen')}>
          {t('sendRest')}
        </a>
      )}
      {can.go && <Button look="primary" label={t('go')} disabled={busy} onClick={() => void attempt(act(id, 'go'))} />}
      {can.addFile && (
        <>
          <Button icon="file" label={t('addFile')} disabled={busy} onClick={() => input.current?.click()} />
          <input
            ref={input}
            type="file"
            name="more"
            hidden
            onChange={(event) => {
              const [file] = event.currentTarget.files ?? [];
              if (file) void attempt(add(file));
              event.currentTarget.value = '';
            }}
          />
        </>
      )}
      {can.check && <Button label={t('checkAgain')} disabled={busy} onClick={() => void attempt(act(id, 'check'))} />}
      {can.check && <Button label={t('settings')} disabled={busy} onClick={() => setAsking('settings')} />}
      {can.retry && (
        <Button look="primary" label={t('retry')} disabled={busy} onClick={() => void attempt(act(id, 'retry'))} />
      )}
      {may('editor') && <Button look="quiet" label={t('rename')} onClick={() => setAsking('rename')} />}
      {can.cancel && <Button look="quiet" label={t('cancel')} onClick={() => setAsking('cancel')} />}
      {can.remove && <Button look="quiet" icon="trash" label={t('remove')} onClick={() => setAsking('remove')} />}
      {asking === 'settings' && (
        <SettingsDialog
          survey={survey}
          busy={busy}
          onClose={() => setAsking(null)}
          onSettings={(options) => void attempt(setOptions(id, options).then(() => act(id, 'check')))}
        />
      )}
      {asking === 'rename' && (
        <Rename
          name={name}
          busy={busy}
          onClose={() => setAsking(null)}
          onName={(given) => void attempt(rename(id, given))}
        />
      )}
      {asking === 'cancel' && (
        <Confirm
          title={t('cancelTitle')}
          yes={t('cancelYes')}
          no={t('keep')}
          danger
          busy={busy}
          onClose={() => setAsking(null)}
          onYes={() => void attempt(act(id, 'cancel'))}
        >
          <p>{t('cancelText', { name })}</p>
        </Confirm>
      )}
      {asking === 'remove' && (
        <Confirm
          title={t('removeTitle')}
          yes={t('removeYes')}
          no={t('keepIt')}
          danger
          busy={busy}
          onClose={() => setAsking(null)}
          onYes={() =>
            void attempt(erase(id), () => {
              toast(t('removed', { name }), 'good');
              go('opnames');
            })
          }
        >
          <p>{t('removeText', { name })}</p>
        </Confirm>
      )}
    </div>
  );
}

function Rename(props: { name: string; busy: boolean; onClose: () => void; onName: (name: string) => void }) {
  const [name, setName] = useState(props.name);
  const given = name.trim();
  return (
    <Dialog
      title={t('rename')}
      onClose={props.onClose}
      actions={
        <Button look="primary" type="submit" form="survey-rename" label={t('rename')} disabled={props.busy || !given} />
      }
    >
      <form
        id="survey-rename"
        onSubmit={(event) => {
          event.preventDefault();
          if (given) props.onName(given);
        }}
      >
        <Field
          label={t('newName')}
          value={name}
          maxLength={200}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </form>
    </Dialog>
  );
}

interface SettingsProps {
  survey: Survey;
  busy: boolean;
  onClose: () => void;
  onSettings: (options: SurveyOptions) => void;
}

function SettingsDialog({ survey, busy, onClose, onSettings }: SettingsProps) {
  const [settings, setSettings] = useState(() => writeSettings(survey.options));
  const wrong = Object.values(settingMistakes(settings)).some(Boolean);
  return (
    <Dialog
      title={t('settings')}
      onClose={onClose}
      actions={
        <Button
          look="primary"
          label={t('settingsSave')}
          disabled={busy || wrong}
          onClick={() => onSettings(readSettings(settings, survey.options))}
        />
      }
    >
      <SettingFields settings={settings} onChange={setSettings} />
    </Dialog>
  );
}
