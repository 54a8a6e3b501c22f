/** How the server should look, as typed: numbers with a comma or a point, nothing where the server knows best. */
import type { SurveyOptions } from '../types';

export interface Settings {
  everyM: string;
  offsetS: string;
  partial: boolean;
}

export const NO_SETTINGS: Settings = { everyM: '', offsetS: '', partial: false };

const read = (typed: string): number | null => (typed.trim() ? Number(typed.trim().replace(',', '.')) : null);
const EVERY_M = { least: 0.5, most: 100 };

export interface Mistakes {
  everyM: 'badNumber' | 'badEveryM' | null;
  offsetS: 'badNumber' | null;
}

export function settingMistakes({ everyM, offsetS }: Settings): Mistakes {
  const [every_m, offset_s] = [read(everyM), read(offsetS)];
  const outside = every_m !== null && (every_m < EVERY_M.least || every_m > EVERY_M.most);
  return {
    everyM: Number.isNaN(every_m) ? 'badNumber' : outside ? 'badEveryM' : null,
    offsetS: Number.isNaN(offset_s) ? 'badNumber' : null,
  };
}

/** What the server is told; `before` has what is not asked here. */
export function readSettings({ everyM, offsetS, partial }: Settings, before: SurveyOptions = {}): SurveyOptions {
  const { every_m: _, offset_s: __, partial: ___, ...others } = before;
  const [every_m, offset_s] = [read(everyM), read(offsetS)];
  return {
    ...others,
    ...(every_m !== null && { every_m }),
    ...(offset_s !== null && { offset_s }),
    ...(partial && { partial }),
  };
}

export const writeSettings = ({ every_m, offset_s, partial }: SurveyOptions): Settings => ({
  everyM: every_m === null || every_m === undefined ? '' : String(every_m),
  offsetS: offset_s === null || offset_s === undefined ? '' : String(offset_s),
  partial: partial ?? false,
});
