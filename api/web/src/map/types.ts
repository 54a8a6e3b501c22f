/** What the server says of the map, as far as this page reads it. Names and units are those of the OpenAPI document. */

export const KINDS = ['cracking', 'potholes', 'ravelling'] as const;
export const SEVERITIES = ['L', 'M', 'E'] as const;
export const PLANS = ['year 1', '1-2 years', '3-5 years', 'later'] as const;
export const GRADES = ['good', 'fair', 'poor', 'bad'] as const;
export const STATUSES = ['graded', 'too little seen', 'not surveyed'] as const;
export const STATES = ['first seen', 'new', 'seen again', 'grown', 'not seen again', 'gone', 'rejected'] as const;
export const CHANGES = ['worse', 'better', 'no clear change', 'not comparable'] as const;
export const DEFECT_CHANGES = ['new', 'grown', 'first seen', 'gone'] as const;

export type Kind = (typeof KINDS)[number];
export type Severity = (typeof SEVERITIES)[number];
export type Box = [west: number, south: number, east: number, north: number];

export interface SegmentProperties {
  segment_id: string;
  name: string | null;
  length_m: number;
  covered_m: number;
  coverage: number;
  visits: number;
  last_surveyed: string | null;
  status: (typeof STATUSES)[number];
  score: number | null;
  score_low: number | null;
  score_high: number | null;
  grade: string | null;
  grade_nl: string | null;
  confidence: number;
  pci: number | null;
  pci_low: number | null;
  pci_high: number | null;
  pci_rating: string | null;
  plan: string | null;
  plan_nl: string | null;
  reasons: string | null;
  note: string | null;
  table: string;
  priority: number | null;
  job: number | null;
  job_m: number | null;
  why: string | null;
  why_nl: string | null;
  [attribute: string]: string | number | boolean | null;
}

export interface DefectProperties {
  id: number;
  class: string;
  kind: Kind;
  name_nl: string;
  name_en: string;
  segment_id: string | null;
  offset_m: number | null;
  side: string | null;
  lane_position: string | null;
  length_m: number;
  width_m: number;
  area_m2: number;
  size_sigma: number;
  place_sigma_m: number;
  score: number;
  probability: number;
  state: (typeof STATES)[number];
  growth: number | null;
  sights: number;
  looks: number;
  missed: number;
  first_seen: string | null;
  last_seen: string | null;
  picture: string | null;
  survey_id: string;
  source: string | null;
  media_time_s: number | null;
  utc: string | null;
  lon: number;
  lat: number;
  reason: string | null;
  review: 'accepted' | 'rejected' | 'relabelled' | null;
  reviewed_by: string | null;
  reviewed: string | null;
}

export interface CoverageStretch {
  from_m: number;
  to_m: number;
  usable: boolean;
  reason: string | null;
  direction: 'forward' | 'backward';
  survey_id: string;
  utc: string | null;
}

export type Line = { type: 'LineString'; coordinates: [number, number][] };

export interface SegmentAnswer {
  properties: SegmentProperties;
  geometry: Line;
  defects: DefectProperties[];
  coverage: CoverageStretch[];
  reviews: Review[];
}

export interface Moment {
  at_utc: string;
  survey_ids: string[];
  score: number | null;
  score_low: number | null;
  score_high: number | null;
  grade: string | null;
  status: (typeof STATUSES)[number];
  coverage: number;
  defects_n: number;
  pci: number | null;
}

export type Decision = 'accept' | 'reject' | 'relabel' | 'undo';

export interface Review {
  id: number;
  defect: number;
  decision: Decision;
  class: string | null;
  note: string | null;
  person: string;
  at_utc: string;
}

export interface Sight {
  survey_id: string;
  utc: string | null;
  score: number;
  picture: string | null;
}

export interface DefectAnswer {
  properties: DefectProperties;
  sights: Sight[];
  reviews: Review[];
}

export interface Found {
  segment_id: string;
  name: string | null;
  lon: number;
  lat: number;
  bbox: Box;
  grade: string | null;
}
