/** The addresses that GIS programs read, with a button to copy each. */
import { address } from '../api';
import { Button } from '../ui/Button';
import { toast } from '../ui/Toast';
import { downloadMessages as t } from './messages';

export function Qgis() {
  return (
    <section class="card downloads-qgis">
      <h2>{t('qgis')}</h2>
      <p>{t('qgisLead')}</p>
      <Address label={t('ogc')} value={address('ogc/')} steps={t('ogcSteps')} />
      <Address label={t('tiles')} value={tileTemplate()} steps={t('tilesSteps')} />
    </section>
  );
}

/** An address keeps its braces: programs fill them in. */
const tileTemplate = (): string => `${address('v1/tiles/segments/')}{z}/{x}/{y}.mvt`;

function Address({ label, value, steps }: { label: string; value: string; steps: string }) {
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(value);
      toast(t('copied'), 'good');
    } catch {
      toast(t('copyFailed'), 'bad');
    }
  };
  return (
    <>
      <h3>{label}</h3>
      <div class="downloads-address">
        <code>{value}</code>
        <Button icon="copy" label={t('copy')} aria-label={t('copyOf', { what: label })} onClick={() => void copy()} />
      </div>
      <p class="hint">{steps}</p>
    </>
  );
}
