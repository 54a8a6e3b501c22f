/** Where files come in: dropped anywhere on the page, or chosen. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../ui/Button';
import { Icon } from '../ui/Icon';
import { chosen, dropped, hasPicker, pickWithHandles } from './drop';
import { ACCEPT, type Picked } from './grouping';
import { uploadMessages as t } from './messages';

const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;

export function DropZone({ onPicked, reading }: { onPicked: (picked: Promise<Picked[]>) => void; reading: boolean }) {
  const [over, setOver] = useState(false);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const latest = useRef(onPicked);
  latest.current = onPicked;

  useEffect(() => {
    if (folder.current) folder.current.webkitdirectory = true;
    const stop = new AbortController();
    const listen = (type: 'dragover' | 'drop' | 'dragleave', react: (event: DragEvent) => void): void =>
      addEventListener(type, (event) => hasFiles(event) && react(event), { signal: stop.signal });
    listen('dragover', (event) => {
      event.preventDefault();
      setOver(true);
    });
    listen('dragleave', (event) => event.relatedTarget === null && setOver(false));
    listen('drop', (event) => {
      event.preventDefault();
      setOver(false);
      if (event.dataTransfer) latest.current(dropped(event.dataTransfer));
    });
    return () => stop.abort();
  }, []);

  const choose = async (): Promise<void> => {
    const picked = hasPicker() ? await pickWithHandles() : null;
    if (picked) onPicked(Promise.resolve(picked));
    else files.current?.click();
  };
  const take = (input: HTMLInputElement): void => {
    onPicked(Promise.resolve(chosen(input.files)));
    input.value = ''; // the same files may be chosen once more
  };
  return (
    <section class={`upload-drop${over ? ' over' : ''}`} aria-label={t('dropTitle')}>
      <Icon name="upload" size={36} />
      <p class="upload-drop-title">{t(over ? 'dropNow' : 'dropTitle')}</p>
      <div class="actions">
        <Button look="primary" icon="file" label={t('chooseFiles')} onClick={() => void choose()} />
        <Button class="upload-folder" icon="list" label={t('chooseFolder')} onClick={() => folder.current?.click()} />
      </div>
      <input
        ref={files}
        type="file"
        name="files"
        multiple
        accept={ACCEPT}
        hidden
        onChange={(event) => take(event.currentTarget)}
      />
      <input ref={folder} type="file" name="folder" multiple hidden onChange={(event) => take(event.currentTarget)} />
      <p class="hint">{t('dropMore')}</p>
      <p class="hint" role="status">
        {reading ? `${t('reading')}…` : ''}
      </p>
    </section>
  );
}
