import { describe, expect, it } from 'vitest';
import { NO_SETTINGS, readSettings, settingMistakes, writeSettings } from '../../src/surveys/settings';

describe('settings', () => {
  it('say nothing where nothing was typed', () => {
    expect(readSettings(NO_SETTINGS)).toEqual({});
  });

  it('take a comma and a point', () => {
    expect(readSettings({ everyM: ' 2,5', offsetS: '-12.5', partial: true })).toEqual({
      every_m: 2.5,
      offset_s: -12.5,
      partial: true,
    });
  });

  it('keep what is not asked, and take back what was emptied', () => {
    expect(readSettings({ ...NO_SETTINGS, everyM: '4' }, { camera: 'c.yaml', offset_s: 3 })).toEqual({
      camera: 'c.yaml',
      every_m: 4,
    });
  });

  it.each([[{ every_m: 2.5, offset_s: 0, partial: true }], [{}]])('come back as they were: %o', (options) => {
    expect(readSettings(writeSettings(options))).toEqual(options);
  });

  it.each([
    ['vier', 'badNumber'],
    ['0', 'badEveryM'],
    ['101', 'badEveryM'],
    ['', null],
    ['100', null],
  ])('every "%s" metres: %s', (everyM, mistake) => {
    expect(settingMistakes({ ...NO_SETTINGS, everyM }).everyM).toBe(mistake);
  });
});
