/** The map as files for other programs, and the address where QGIS reads it directly. */
import './downloads.css';
import { useEffect, useState } from 'preact/hooks';
import { address, said } from '../api';
import { live, useEvent } from '../events';
import { bytes, date, dateTime, duration, type Lang, lang } from '../i18n';
import { shellMessages } from '../messages';
import { useResource } from '../resource';
import { about } from '../session';
import type { MapInfo } from '../types';
import { Button } from '../ui/Button';
import { Select } from '../ui/Field';
import { Icon } from '../ui/Icon';
import { ProgressBar } from '../ui/ProgressBar';
import { hasMap, Loaded, Loading, NoMap } from '../ui/States';
import { Table } from '../ui/Table';
import { toast } from '../ui/Toast';
import { type Export, exportsMade, FORMATS, type Format, isBusy, makeExport, newest } from './exports';
import { downloadMessages as t } from './messages';
import { Qgis } from './Qgis';

export function DownloadsPage() {
  const map = about.value?.map;
  if (hasMap() === undefined) return <Loading />;
  return (
    <>
      <h1>{shellMessages('downloads')}</h1>
      {map ? <Downloads map={map} /> : <NoMap />}
    </>
  );
}

const PAUSE_MS = 3000;

function Downloads({ map }: { map: MapInfo }) {
  const [fileLang, setFileLang] = useState<Lang>(lang.peek());
  const made = useResource(exportsMade, 'exports');
  const busy = made.data?.exports.some(isBusy) ?? false;
  useEvent('job', (job) => job.kind === 'export' && made.reload());
  useEvent('resync', made.reload);
  useEffect(() => {
    if (!busy || live.value) return;
    const timer = setInterval(made.reload, PAUSE_MS); // where a proxy lets no events through
    return () => clearInterval(timer);
  }, [busy, live.value]);
  const make = async (format: Format): Promise<void> => {
    try {
      await makeExport(format, fileLang);
    } catch (error) {
      toast(said(error), 'bad');
    }
    made.reload();
  };
  return (
    <>
      <p class="lead">{t('lead')}</p>
      <p>{t('mapOf', { date: dateTime(map.published_utc), version: map.version })}</p>
      <div class="downloads-lang">
        <Select
          label={t('language')}
          value={fileLang}
          options={[
            { value: 'nl', label: t('dutch') },
            { value: 'en', label: t('english') },
          ]}
          onChange={(event) => setFileLang(event.currentTarget.value as Lang)}
        />
      </div>
      <h2>{t('files')}</h2>
      <Loaded from={made}>
        {({ exports }) => (
          <>
            <ul class="downloads-formats">
              {FORMATS.map((format) => (
                <FormatCard
                  key={format}
                  format={format}
                  made={newest(exports, format, fileLang, map.version)}
                  version={map.version}
                  make={() => make(format)}
                />
              ))}
            </ul>
            <Qgis />
            <Earlier exports={exports.filter((one) => one.url !== null)} version={map.version} />
          </>
        )}
      </Loaded>
    </>
  );
}

interface FormatProps {
  format: Format;
  made: Export | undefined;
  version: string;
  make: () => Promise<void>;
}

function FormatCard({ format, made, version, make }: FormatProps) {
  const [asked, setAsked] = useState(false);
  const title = t(`title.${format}`);
  const start = async (): Promise<void> => {
    setAsked(true);
    await make();
    setAsked(false);
  };
  const busy = made !== undefined && isBusy(made);
  const current = made?.version === version;
  const failed = made?.state === 'failed' || made?.state === 'dead';
  return (
    <li class="card">
      <h3>{title}</h3>
      <p>{t(`for.${format}`)}</p>
      {busy && <Progress made={made} title={title} />}
      {failed && (
        <p class="downloads-failed" role="alert">
          {made.job.error ? t('failed', { why: made.job.error }) : t('failedPlain')}
        </p>
      )}
      {made?.url && !current && <p class="hint">{t('old')}</p>}
      <div class="actions">
        {made?.url && <DownloadLink made={made} look={current ? 'primary' : 'plain'} />}
        {!busy && (!made?.url || !current) && (
          <Button
            look={made?.url || failed ? 'plain' : 'primary'}
            label={made ? t('again') : t('make')}
            aria-label={made ? `${title}: ${t('again')}` : t('makeOf', { format: title })}
            disabled={asked}
            onClick={() => void start()}
          />
        )}
      </div>
      <p class="visually-hidden" role="status">
        {made?.url && current ? t('ready', { format: title }) : ''}
      </p>
    </li>
  );
}

function Progress({ made: { job, state }, title }: { made: Export; title: string }) {
  const known = job.done !== null && job.total !== null && job.total > 0;
  const left = job.eta_s !== null ? t('busyLeft', { time: duration(job.eta_s) }) : t('busy');
  return (
    <ProgressBar
      label={title}
      value={known ? job.done : null}
      max={known ? (job.total ?? 1) : 1}
      text={state === 'queued' ? t('waiting') : left}
    />
  );
}

function DownloadLink({ made, look }: { made: Export; look: 'primary' | 'plain' }) {
  const size = made.bytes === null ? '' : bytes(made.bytes);
  return (
    <a class={`button ${look}`} href={address(made.url ?? '')} download={made.name ?? true}>
      <Icon name="download" />
      <span>
        {t('download')} {size && `(${size})`}
        <span class="visually-hidden"> {made.name ?? t(`title.${made.format}`)}</span>
      </span>
    </a>
  );
}

/** What is kept on the server, newest first; also of states of the map that are no more. */
function Earlier({ exports, version }: { exports: readonly Export[]; version: string }) {
  const sorted = [...exports].sort((a, b) => b.created_utc.localeCompare(a.created_utc));
  return (
    <section>
      <h2>{t('earlier')}</h2>
      {sorted.length === 0 ? (
        <p>{t('earlierNone')}</p>
      ) : (
        <Table
          caption={t('earlier')}
          captionHidden
          rows={sorted}
          rowKey={(row) => row.id}
          columns={[
            {
              key: 'name',
              title: t('name'),
              cell: (row) => (
                <a href={address(row.url ?? '')} download={row.name ?? true}>
                  {row.name ?? t(`title.${row.format}`)}
                </a>
              ),
            },
            { key: 'made', title: t('made'), cell: (row) => date(row.created_utc) },
            {
              key: 'state',
              title: t('state'),
              cell: (row) => `${row.version}${row.version === version ? ` (${t('current')})` : ''}`,
            },
            {
              key: 'lang',
              title: shellMessages('language'),
              cell: (row) => t(row.lang === 'nl' ? 'dutch' : 'english'),
            },
            {
              key: 'size',
              title: t('size'),
              number: true,
              cell: (row) => (row.bytes === null ? '–' : bytes(row.bytes)),
            },
          ]}
        />
      )}
    </section>
  );
}
