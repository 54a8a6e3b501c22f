import './upload.css';
import '../surveys/surveys.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { said } from '../api';
import { about, may } from '../session';
import { Note } from '../ui/Note';
import { Loading } from '../ui/States';
import { toast } from '../ui/Toast';
import { DropZone } from './DropZone';
import { chosen, hasPicker, pickWithHandles } from './drop';
import { ACCEPT, type Picked } from './grouping';
import { uploadMessages as t } from './messages';
import { PlanList, plan } from './PlanList';
import { add } from './plan';
import { SendingCard } from './SendingCard';
import { busy, goOn, restore, sendings } from './sending';

export function UploadPage() {
  const [reading, setReading] = useState(false);
  const again = useRef<HTMLInputElement>(null);
  useEffect(() => void restore(), []);

  /** What an unfinished survey waits for goes there at once; the rest is shown before it is sent. */
  const take = async (coming: Promise<Picked[]>): Promise<void> => {
    setReading(true);
    try {
      const picked = await coming;
      const { resumed, fresh, changed } = await goOn(picked);
      for (const name of resumed) toast(t('resumed', { name }), 'good');
      for (const name of changed) toast(t('changed', { name }), 'bad');
      const before = plan.value;
      if (fresh.length)
        plan.value = add(before, fresh, { upload_bytes: about.value?.limits.upload_bytes ?? Number.MAX_VALUE });
      const nothing = fresh.length > 0 && count(plan.value) === count(before);
      if (nothing) toast(t('nothing'));
    } catch (error) {
      toast(said(error), 'bad');
    } finally {
      setReading(false);
    }
  };

  const chooseAgain = async (): Promise<void> => {
    const picked = hasPicker() ? await pickWithHandles() : null;
    if (picked) await take(Promise.resolve(picked));
    else again.current?.click();
  };

  if (!about.value) return <Loading />;
  return (
    <>
      <h1>{t('title')}</h1>
      {may('editor') ? (
        <>
          <p class="lead">{t('lead')}</p>
          <DropZone reading={reading} onPicked={(picked) => void take(picked)} />
          <PlanList />
        </>
      ) : (
        <Note tone="warn">{t('mayNot')}</Note>
      )}
      {sendings.value.length > 0 && (
        <section aria-labelledby="upload-sending">
          <h2 id="upload-sending">{t('sendingTitle')}</h2>
          {busy.value && <p class="lead">{t('keepOpen')}</p>}
          <ul class="upload-cards">
            {sendings.value.toReversed().map((sending) => (
              <SendingCard key={sending.survey.id} sending={sending} chooseAgain={() => void chooseAgain()} />
            ))}
          </ul>
          <input
            ref={again}
            type="file"
            name="again"
            multiple
            accept={ACCEPT}
            hidden
            onChange={(event) => {
              void take(Promise.resolve(chosen(event.currentTarget.files)));
              event.currentTarget.value = '';
            }}
          />
        </section>
      )}
    </>
  );
}

const count = ({ drives, loose, refused }: typeof plan.value): number => drives.length + loose.length + refused.length;
