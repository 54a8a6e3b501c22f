import { beforeEach, describe, expect, it } from 'vitest';
import { lang } from '../../src/i18n';
import { about } from '../../src/session';
import { withJobs } from '../../src/surveys/live';
import { gpx, onMap } from '../../src/surveys/redrive';
import { doable, howFar, reasonWord, received } from '../../src/surveys/words';
import type { About, Finding, Job, Survey, SurveyState } from '../../src/types';

const job = (part: Partial<Job>): Job => ({
  id: 1,
  kind: 'look',
  state: 'running',
  stage: 'looking at the road',
  done: null,
  total: null,
  eta_s: null,
  ...part,
});
const as = (role: 'reader' | 'editor' | 'admin'): void => {
  about.value = { person: { name: 'x', role } } as About;
};
const found = (...levels: Finding['level'][]): Finding[] => levels.map((level) => ({ level }) as Finding);

beforeEach(() => {
  lang.value = 'nl';
});

describe('how far a survey is', () => {
  it.each([
    [job({ done: 21, total: 100, eta_s: 410 }), 0.21, 'Wegdek bekijken: 21% · nog ongeveer 7 min'],
    [job({}), null, 'Wegdek bekijken'],
    [job({ stage: 'a stage that is new' }), null, 'Bezig'],
    [job({ done: 5, total: 0 }), null, 'Wegdek bekijken'],
  ])('is told in words', (given, share, text) => {
    expect(howFar(given)).toEqual({ share, text });
  });

  it.each(['done', 'failed', 'dead', 'cancelled'] as const)('is nothing of a job that is %s', (state) => {
    expect(howFar(job({ state }))).toBeNull();
  });

  it('counts the bytes of files that are or will be there', () => {
    const files = [
      { size: 10, received: 4, state: 'receiving' },
      { size: 10, received: 0, state: 'complete' },
      { size: 99, received: 99, state: 'removed' },
    ] as Survey['files'];
    expect(received({ files })).toEqual({ sent: 14, size: 20 });
  });
});

describe('news of jobs', () => {
  const survey = { id: 's', job: job({ id: 5, survey: 's' }) } as Survey;
  const heard = (...jobs: Job[]) => withJobs(survey, new Map(jobs.map((one) => [one.id, one]))).job?.done;

  it('goes before what was known of the same job', () => {
    expect(heard(job({ id: 5, survey: 's', done: 8 }))).toBe(8);
  });

  it('is of the newest job', () => {
    expect(heard(job({ id: 5, survey: 's', done: 8 }), job({ id: 6, survey: 's', done: 1 }))).toBe(1);
  });

  it('counts for all surveys that one job puts on the map', () => {
    expect(heard(job({ id: 5, survey: null, kind: 'map', done: 3 }))).toBe(3);
  });

  it('is not that of an older job or of another survey', () => {
    expect(heard(job({ id: 4, survey: 's', done: 9 }), job({ id: 7, survey: 't', done: 9 }))).toBeNull();
  });
});

describe('what a person can do', () => {
  const names = (state: SurveyState, findings: Finding[] = []) =>
    Object.entries(doable({ state, findings }))
      .filter(([, yes]) => yes)
      .map(([name]) => name);

  it('depends on the state', () => {
    as('editor');
    expect(names('attention', found('warn', 'info'))).toEqual(['go', 'addFile', 'check', 'cancel']);
    expect(names('attention', found('warn', 'stop'))).toEqual(['addFile', 'check', 'cancel']);
    expect(names('running')).toEqual(['cancel']);
    expect(names('failed')).toEqual(['addFile', 'check', 'retry']);
    expect(names('cancelled')).toEqual(['retry']);
    expect(names('done')).toEqual([]);
  });

  it('depends on the role', () => {
    as('reader');
    expect(names('attention')).toEqual([]);
    as('admin');
    expect(names('done')).toEqual(['remove']);
  });
});

describe('what to drive again', () => {
  const at = { from_m: 0, to_m: 140, reason: 'too dark', lon: 6.891234567, lat: 52.2 };

  it('has a place on the map that the map page reads', () => {
    expect(onMap(at)).toBe('#/kaart?mode=coverage&at=17.00_52.20000_6.89123');
    expect(onMap({ ...at, lon: null })).toBeNull();
  });

  it('is a GPX with a waypoint for each place that is known', () => {
    const text = gpx('Rit <1> & "2"', [at, { ...at, lat: null }, { ...at, lon: 7 }], ({ reason }) =>
      reasonWord(reason),
    );
    expect(text.match(/<wpt /g)).toHaveLength(2);
    expect(text).toContain('<wpt lat="52.2" lon="7"><name>3</name><desc>te donker</desc></wpt>');
    expect(text).toContain('<name>Rit &#60;1&#62; &#38; &#34;2&#34;</name>');
  });

  it('shows a reason that is new here as it is', () => {
    expect(reasonWord('snow')).toBe('snow');
  });
});
