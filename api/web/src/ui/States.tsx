/** What a page shows instead of its content: loading, nothing yet, failed. */
import type { ComponentChildren } from 'preact';
import type { ApiError } from '../api';
import { shellMessages as t } from '../messages';
import type { Resource } from '../resource';
import { about } from '../session';
import { Button } from './Button';
import { Icon, type IconName } from './Icon';

export function Loading({ label }: { label?: string }) {
  return (
    <p class="state loading" role="status">
      <span class="spinner" aria-hidden="true" />
      {label ?? t('loading')}…
    </p>
  );
}

/** Nothing to show: why, and what to do next. */
export function Empty({
  title,
  icon = 'info',
  children,
}: {
  title: string;
  icon?: IconName;
  children?: ComponentChildren;
}) {
  return (
    <div class="state empty">
      <Icon name={icon} size={36} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Failed({ error, retry }: { error: ApiError | Error; retry?: () => void }) {
  return (
    <div class="state failed" role="alert">
      <Icon name="warn" size={36} />
      <h2>{t('failed')}</h2>
      <p>{error.message}</p>
      {retry && <Button look="primary" label={t('retry')} onClick={retry} />}
    </div>
  );
}

/** The content once it is there; a failed refresh leaves the old content, with a line above it. */
export function Loaded<T>({ from, children }: { from: Resource<T>; children: (data: T) => ComponentChildren }) {
  if (from.data === undefined) return from.error ? <Failed error={from.error} retry={from.reload} /> : <Loading />;
  return (
    <>
      {from.error && (
        <p class="note bad" role="alert">
          {from.error.message} <Button look="quiet" label={t('retry')} onClick={from.reload} />
        </p>
      )}
      {children(from.data)}
    </>
  );
}

/** Shown by pages that need a map on a server that has none yet. */
export function NoMap() {
  return (
    <Empty title={t('noMap')} icon="map">
      <p>{t('noMapText')}</p>
      <pre class="command">
        <code>schouw serve --roads wegennet.gpkg</code>
      </pre>
      <p>{t('noMapMore')}</p>
    </Empty>
  );
}

/** Whether the server has a map; undefined while nobody knows. */
export const hasMap = (): boolean | undefined => (about.value ? about.value.map !== null : undefined);
