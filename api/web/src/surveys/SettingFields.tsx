import { Check, Field } from '../ui/Field';
import { surveyMessages as t } from './messages';
import { type Settings, settingMistakes } from './settings';

export function SettingFields({ settings, onChange }: { settings: Settings; onChange: (settings: Settings) => void }) {
  const mistakes = settingMistakes(settings);
  return (
    <>
      <Field
        label={t('offsetS')}
        hint={t('offsetSHint')}
        inputMode="text"
        value={settings.offsetS}
        error={mistakes.offsetS && t(mistakes.offsetS)}
        onInput={(event) => onChange({ ...settings, offsetS: event.currentTarget.value })}
      />
      <Field
        label={t('everyM')}
        hint={t('everyMHint')}
        inputMode="decimal"
        value={settings.everyM}
        error={mistakes.everyM && t(mistakes.everyM)}
        onInput={(event) => onChange({ ...settings, everyM: event.currentTarget.value })}
      />
      <Check
        label={t('partial')}
        hint={t('partialHint')}
        checked={settings.partial}
        onChange={(event) => onChange({ ...settings, partial: event.currentTarget.checked })}
      />
    </>
  );
}
