/** What these pages ask from the server. */
import { get, post } from '../api';
import type {
  Decision,
  DefectAnswer,
  DefectProperties,
  Found,
  Moment,
  Review,
  SegmentAnswer,
  SegmentProperties,
} from './types';

const id = encodeURIComponent;

export const segment = (segmentId: string, signal?: AbortSignal): Promise<SegmentAnswer> =>
  get(`v1/segments/${id(segmentId)}`, signal);

export const history = (segmentId: string, signal?: AbortSignal): Promise<{ moments: Moment[] }> =>
  get(`v1/segments/${id(segmentId)}/history`, signal);

export const search = (text: string, limit: number, signal?: AbortSignal): Promise<{ segments: Found[] }> =>
  get(`v1/segments?q=${id(text)}&limit=${limit}`, signal);

export const priorities = (plan: string, limit: number, signal?: AbortSignal): Promise<{ segments: Priority[] }> =>
  get(`v1/priorities?limit=${limit}${plan && `&plan=${id(plan)}`}`, signal);

export type Priority = SegmentProperties & Partial<Pick<Found, 'bbox' | 'lon' | 'lat'>>;

export const defect = (number: number, signal?: AbortSignal): Promise<DefectAnswer> =>
  get(`v1/defects/${number}`, signal);

export interface Reviewed {
  review: Review;
  defect: DefectProperties;
  segment: SegmentProperties | null;
  version: string;
}

export const decide = (number: number, decision: Decision, className?: string): Promise<Reviewed> =>
  post(`v1/defects/${number}/reviews`, { decision, ...(className && { class: className }) });

export interface Comparison {
  summary: { segments: Record<string, number>; defects: Record<string, number>; comparable_m: number };
  segments: GeoJSON.FeatureCollection;
  defects: GeoJSON.FeatureCollection;
}

export const compare = (before: string, after: string, signal?: AbortSignal): Promise<Comparison> =>
  get(`v1/compare?before=${id(before)}&after=${id(after)}`, signal);

/** How many segments a CQL2 filter lets through; all of them without one. */
export async function countSegments(filter: string, signal?: AbortSignal): Promise<number> {
  const asked = filter && `&filter-lang=cql2-text&filter=${id(filter)}`;
  const answer = await get<{ numberMatched: number }>(`ogc/collections/segments/items?limit=1${asked}`, signal);
  return answer.numberMatched;
}

/** The days (YYYY-MM-DD) on which a drive of this map ended, oldest first. */
export async function surveyDays(signal?: AbortSignal): Promise<string[]> {
  const { features } = await get<GeoJSON.FeatureCollection>('ogc/collections/surveys/items?limit=1000', signal);
  const days = features.map(({ properties }) => String(properties?.to_utc ?? '').slice(0, 10));
  return [...new Set(days.filter(Boolean))].sort();
}
