/** What these pages ask from the server. */
import { get, patch, post, remove } from '../api';
import type { Survey, SurveyOptions, SurveyState } from '../types';

export interface SurveyPage {
  surveys: Survey[];
  /** What `before` is for the page after this one. */
  next: string | null;
}

const PAGE = 50;

export function list(states: readonly SurveyState[], before: string | null, signal?: AbortSignal): Promise<SurveyPage> {
  const query = new URLSearchParams({ limit: String(PAGE) });
  for (const state of states) query.append('state', state);
  if (before) query.set('before', before);
  return get(`v1/surveys?${query}`, signal);
}

const at = (id: string): string => `v1/surveys/${encodeURIComponent(id)}`;

export const survey = (id: string, signal?: AbortSignal): Promise<Survey> => get(at(id), signal);
export const rename = (id: string, name: string): Promise<Survey> => patch(at(id), { name });
export const setOptions = (id: string, options: SurveyOptions): Promise<Survey> => patch(at(id), { options });
export const act = (id: string, what: 'go' | 'check' | 'cancel' | 'retry'): Promise<Survey> =>
  post(`${at(id)}/${what}`);
export const erase = (id: string): Promise<void> => remove(at(id));
export const removeFile = (id: string, file: string): Promise<Survey> =>
  remove(`${at(id)}/files/${encodeURIComponent(file)}`);
