/** The files that the server makes of the map. */
import { get, post } from '../api';
import type { Lang } from '../i18n';
import type { Job, JobState } from '../types';

/** In the order in which planners ask for them. */
export const FORMATS = ['gpkg', 'xlsx', 'pdf', 'csv', 'geojson', 'geoparquet', 'fgb', 'pmtiles'] as const;
export type Format = (typeof FORMATS)[number];

export interface Export {
  id: string;
  format: Format;
  lang: Lang;
  state: JobState;
  job: Job;
  url: string | null;
  name: string | null;
  bytes: number | null;
  created_utc: string;
  /** Of the map that it was made of. */
  version: string;
}

export const exportsMade = (signal?: AbortSignal): Promise<{ exports: Export[] }> => get('v1/exports', signal);
export const makeExport = (format: Format, lang: Lang): Promise<Export> => post('v1/exports', { format, lang });

export const isBusy = (one: Export): boolean => one.state === 'queued' || one.state === 'running';

/** The newest of a format and language: that of this version where there is one. */
export function newest(all: readonly Export[], format: Format, lang: Lang, version: string): Export | undefined {
  const rank = (one: Export): string => `${one.version === version ? 1 : 0} ${one.created_utc}`;
  return all
    .filter((one) => one.format === format && one.lang === lang)
    .sort((a, b) => (rank(a) < rank(b) ? 1 : -1))
    .at(0);
}
