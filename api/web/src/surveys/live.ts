/** Surveys as they change: jobs tell their progress without the survey being asked again. */
import { useState } from 'preact/hooks';
import { useEvent } from '../events';
import type { Job, Survey } from '../types';

/** A survey with the newest that was heard of its work; the job that makes the map is of many surveys at once. */
export function withJobs(survey: Survey, heard: ReadonlyMap<number, Job>): Survey {
  const own = [...heard.values()].filter((job) => job.survey === survey.id || job.id === survey.job?.id);
  const newest = own.reduce<Job | null>((last, job) => (job.id >= (last?.id ?? 0) ? job : last), null);
  return newest && newest.id >= (survey.job?.id ?? 0) ? { ...survey, job: newest } : survey;
}

const MOST_HEARD = 200;

/** Follow the jobs; gives each survey its newest. */
export function useJobs(): (survey: Survey) => Survey {
  const [heard, setHeard] = useState<ReadonlyMap<number, Job>>(new Map());
  useEvent('job', (job) => setHeard((before) => new Map([...before, [job.id, job] as const].slice(-MOST_HEARD))));
  return (survey) => withJobs(survey, heard);
}
