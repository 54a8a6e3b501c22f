/** The shapes of the server's answers that more than one page reads (see /docs). */

export type SurveyState =
  | 'uploading'
  | 'checking'
  | 'attention'
  | 'waiting'
  | 'running'
  | 'mapping'
  | 'done'
  | 'failed'
  | 'cancelled'
  | 'duplicate';
export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'dead' | 'cancelled';
export type Role = 'reader' | 'editor' | 'admin';

export interface Job {
  id: number;
  kind: 'check' | 'look' | 'map' | 'draw' | 'export' | 'tidy';
  state: JobState;
  survey?: string | null;
  stage: string | null;
  done: number | null;
  total: number | null;
  eta_s: number | null;
  error?: string | null;
}

export interface DamageClass {
  name: string;
  kind: 'cracking' | 'potholes' | 'ravelling';
  rdd: string | null;
  name_nl: string;
  name_en: string;
  colour: string;
}

export interface Grade {
  name: string;
  name_nl: string;
  name_en?: string;
  colour: string;
}

export interface MapInfo {
  revision: number;
  changes: number;
  /** "<revision>.<changes>": what tiles are cached by. */
  version: string;
  published_utc: string;
  network: string;
  bbox: [number, number, number, number];
  surveys: number;
  from_utc: string | null;
  to_utc: string | null;
  counts: Record<string, unknown>;
}

export interface About {
  title: string;
  version: string;
  person: { name: string; role: Role };
  open: boolean;
  map: MapInfo | null;
  basemap: { url: string; credit: string };
  classes: DamageClass[];
  grades: Grade[];
  limits: Record<string, number>;
}

export interface Finding {
  code: string;
  level: 'stop' | 'warn' | 'info';
  file: string | null;
  text_nl: string;
  text_en: string;
}

export interface SurveyFile {
  id: string;
  name: string;
  size: number;
  received: number;
  state: 'announced' | 'receiving' | 'complete' | 'removed';
  sha256: string | null;
  /** Where its bytes go (tus). */
  upload: string | null;
}

export interface SurveyOptions {
  every_m?: number | null;
  camera?: string | null;
  calibrate?: boolean | null;
  offset_s?: number | null;
  partial?: boolean | null;
}

export interface Redrive {
  from_m: number;
  to_m: number;
  reason: string;
  lon: number | null;
  lat: number | null;
}

export interface SurveySummary {
  frames?: number;
  unusable?: number;
  driven_m?: number;
  /** Where pictures were taken: west, south, east, north. Surveys of older servers don't say. */
  bbox?: [number, number, number, number] | null;
  defects?: number;
  redrive?: Redrive[];
  /** Why pictures can't be used: reason -> how many. */
  quality?: Record<string, number>;
  notes?: string[];
}

export interface Survey {
  id: string;
  name: string;
  state: SurveyState;
  state_nl: string;
  state_en: string;
  person: string;
  created_utc: string;
  changed_utc: string;
  options: SurveyOptions;
  files: SurveyFile[];
  findings: Finding[];
  error: string | null;
  duplicate_of: string | null;
  summary: SurveySummary | null;
  survey_id: string | null;
  job: Job | null;
  on_map: number | null;
}
