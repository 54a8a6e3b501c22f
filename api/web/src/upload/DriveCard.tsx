/** One survey before it is sent: its name, its files, and what can be changed. */
import type { Signal } from '@preact/signals';
import { bytes } from '../i18n';
import { Button } from '../ui/Button';
import { Check, Field } from '../ui/Field';
import { Icon, type IconName } from '../ui/Icon';
import { Note } from '../ui/Note';
import { base, type Role, roleOf } from './grouping';
import { uploadMessages as t } from './messages';
import { choose, drop, join, type Plan, type Planned, rename, size, split, takeOut } from './plan';

const ICONS: Record<Role, IconName> = {
  video: 'video',
  track: 'pin',
  photo: 'picture',
  zip: 'picture',
  camera: 'gear',
};
const MOST_LISTED = 12;

interface Props {
  drive: Planned;
  first: boolean;
  plan: Signal<Plan>;
  error: string | undefined;
  busy: boolean;
}

export function DriveCard({ drive, first, plan, error, busy }: Props) {
  const { id, name, files } = drive;
  const videos = files.filter(({ path }) => roleOf(path) === 'video').length;
  const track = files.some(({ path }) => roleOf(path) === 'track');
  return (
    <li class={`card upload-drive${drive.send ? '' : ' off'}`} aria-label={name}>
      <div class="upload-drive-head">
        <Check
          label={t('include')}
          checked={drive.send}
          disabled={busy}
          onChange={(event) => {
            plan.value = choose(plan.value, id, event.currentTarget.checked);
          }}
        />
        <span class="hint">
          {t('files', { n: files.length })}, {bytes(size(drive))}
        </span>
      </div>
      <Field
        label={t('name')}
        value={name}
        maxLength={200}
        disabled={busy || !drive.send}
        onInput={(event) => {
          plan.value = rename(plan.value, id, event.currentTarget.value);
        }}
      />
      {drive.rear && <Note tone="warn">{t('rear')}</Note>}
      {drive.kind === 'video' && !track && <p class="hint">{t('noTrack')}</p>}
      {drive.kind === 'photos' && <p class="hint">{t('photosAs')}</p>}
      {error && (
        <div role="alert">
          <Note tone="bad">{error}</Note>
        </div>
      )}
      <Listed drive={drive} plan={plan} busy={busy} />
      <div class="actions">
        {!first && (
          <Button
            look="quiet"
            label={t('joinAbove')}
            disabled={busy}
            onClick={() => (plan.value = join(plan.value, id))}
          />
        )}
        {videos > 1 && (
          <Button
            look="quiet"
            label={t('splitUp')}
            disabled={busy}
            onClick={() => (plan.value = split(plan.value, id))}
          />
        )}
        <Button
          look="quiet"
          icon="trash"
          iconOnly
          label={t('dropDrive', { name })}
          disabled={busy}
          onClick={() => (plan.value = drop(plan.value, id))}
        />
      </div>
    </li>
  );
}

function Listed({ drive, plan, busy }: Pick<Props, 'drive' | 'plan' | 'busy'>) {
  const list = (
    <ul class="upload-files">
      {drive.files.map((file) => (
        <li key={`${file.path}|${file.file.size}`}>
          <Icon name={ICONS[roleOf(file.path) ?? 'camera']} />
          <span class="upload-file-name">{base(file.path)}</span>
          <span class="hint">{bytes(file.file.size)}</span>
          <Button
            look="quiet"
            icon="close"
            iconOnly
            label={t('takeOut', { name: base(file.path) })}
            disabled={busy}
            onClick={() => (plan.value = takeOut(plan.value, drive.id, file))}
          />
        </li>
      ))}
    </ul>
  );
  if (drive.files.length <= MOST_LISTED) return list;
  return (
    <details>
      <summary>{t('files', { n: drive.files.length })}</summary>
      {list}
    </details>
  );
}
