/** What will be sent: shown, changed, and then sent. */
import { signal, useSignal } from '@preact/signals';
import { said } from '../api';
import { bytes } from '../i18n';
import { about } from '../session';
import { SettingFields } from '../surveys/SettingFields';
import { NO_SETTINGS, readSettings, settingMistakes } from '../surveys/settings';
import { Button } from '../ui/Button';
import { Select } from '../ui/Field';
import { Note } from '../ui/Note';
import { ProgressBar } from '../ui/ProgressBar';
import { DriveCard } from './DriveCard';
import { base, roleOf } from './grouping';
import { uploadMessages as t } from './messages';
import { drop, dropLoose, EMPTY, give, type Plan, size } from './plan';
import { start } from './sending';

/** Kept while another page is shown. */
export const plan = signal<Plan>(EMPTY);

export function PlanList() {
  const settings = useSignal(NO_SETTINGS);
  const errors = useSignal<Record<number, string>>({});
  const announcing = useSignal<{ label: string; done: number | null; of: number } | null>(null);
  const { drives, loose, refused } = plan.value;
  const chosen = drives.filter((one) => one.send);
  const total = chosen.reduce((sum, one) => sum + size(one), 0);
  const wrong = Object.values(settingMistakes(settings.value)).some(Boolean);

  const send = async (): Promise<void> => {
    errors.value = {};
    for (const one of chosen) {
      const photos = one.files.filter(({ path }) => roleOf(path) === 'photo').length;
      const label = photos ? t('packing', { name: one.name }) : t('announcing');
      announcing.value = { label, done: photos ? 0 : null, of: photos || 1 };
      try {
        await start(one, readSettings(settings.value), (done) => {
          announcing.value = { label, done, of: photos };
        });
        plan.value = drop(plan.value, one.id);
        if (plan.value.drives.every((left) => !left.send)) plan.value = EMPTY; // what was not to be sent
      } catch (error) {
        errors.value = { ...errors.value, [one.id]: said(error) };
      }
    }
    announcing.value = null;
  };

  if (drives.length + loose.length + refused.length === 0) return null;
  const busy = announcing.value !== null;
  return (
    <section class="upload-plan" aria-labelledby="upload-plan">
      <h2 id="upload-plan">{t('planTitle')}</h2>
      {drives.length > 0 && <p class="lead">{t('planLead', { n: drives.length })}</p>}
      <ul class="upload-cards">
        {drives.map((one, i) => (
          <DriveCard key={one.id} drive={one} first={i === 0} plan={plan} error={errors.value[one.id]} busy={busy} />
        ))}
      </ul>
      <Loose />
      <Refused />
      {drives.length > 0 && (
        <details class="upload-settings">
          <summary>{t('options')}</summary>
          <SettingFields
            settings={settings.value}
            onChange={(changed) => {
              settings.value = changed;
            }}
          />
        </details>
      )}
      {announcing.value && (
        <ProgressBar
          label={announcing.value.label}
          value={announcing.value.done}
          max={announcing.value.of}
          text={announcing.value.label}
        />
      )}
      <div class="actions upload-send">
        <Button icon="trash" iconOnly label={t('clear')} disabled={busy} onClick={() => (plan.value = EMPTY)} />
        {drives.length > 0 && (
          <Button
            look="primary"
            icon="upload"
            label={chosen.length ? t('send', { n: chosen.length, size: bytes(total) }) : t('nothingChosen')}
            disabled={busy || wrong || chosen.length === 0}
            onClick={() => void send()}
          />
        )}
      </div>
    </section>
  );
}

function Loose() {
  const { loose, drives } = plan.value;
  if (loose.length === 0) return null;
  const options = drives.map((one) => ({ value: String(one.id), label: one.name }));
  return (
    <div class="card">
      <h3>{t('looseTitle')}</h3>
      <p class="hint">{t('looseLead')}</p>
      <ul class="upload-files">
        {loose.map((file) => (
          <li key={`${file.path}|${file.file.size}`}>
            {drives.length > 0 ? (
              <Select
                label={t('belongsTo', { name: base(file.path) })}
                value=""
                options={[{ value: '', label: t('choosePlace') }, ...options]}
                onChange={(event) => {
                  plan.value = give(plan.value, file, Number(event.currentTarget.value));
                }}
              />
            ) : (
              <span class="upload-file-name">{base(file.path)}</span>
            )}
            <Button
              look="quiet"
              icon="close"
              iconOnly
              label={t('takeOut', { name: base(file.path) })}
              onClick={() => (plan.value = dropLoose(plan.value, file))}
            />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Refused() {
  const { refused } = plan.value;
  if (refused.length === 0) return null;
  const most = bytes(about.value?.limits.upload_bytes ?? 0);
  return (
    <Note tone="warn">
      <details open={refused.length <= 5}>
        <summary>{t('refusedTitle', { n: refused.length })}</summary>
        <ul>
          {refused.map(({ path, why }) => (
            <li key={path}>
              <strong>{base(path)}</strong>: {t(`refused_${why}`, { most })}
            </li>
          ))}
        </ul>
      </details>
    </Note>
  );
}
