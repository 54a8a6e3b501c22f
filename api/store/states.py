"""The states of surveys and jobs."""

from enum import StrEnum


class SurveyState(StrEnum):
    """Where a survey is on its way to the map."""

    UPLOADING = "uploading"  # files are announced, not all are here
    CHECKING = "checking"  # all are here; a job looks whether they can be used
    ATTENTION = "attention"  # the check found something to put right, or to accept
    WAITING = "waiting"  # a job will look at the road
    RUNNING = "running"  # a job looks at the road
    MAPPING = "mapping"  # its result is there; a job puts it on the map
    DONE = "done"  # on the map
    FAILED = "failed"
    CANCELLED = "cancelled"
    DUPLICATE = "duplicate"  # the same bytes as another survey, which stands for it


class JobState(StrEnum):
    """Where a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # the input can't be used; trying again is of no use
    DEAD = "dead"  # tried as often as is allowed
    CANCELLED = "cancelled"


ENDED = (JobState.DONE, JobState.FAILED, JobState.DEAD, JobState.CANCELLED)
