"""Removing a survey: its row, its bytes, and a job that takes it off the map."""

from sqlalchemy import delete, select

from api.context import Context
from api.jobs import queue
from api.store.schema import File, Survey
from api.store.states import SurveyState
from api.surveys.announce import cancel, files_of, survey_of
from api.uploads.receive import Receiver


def remove_survey(context: Context, receiver: Receiver, number: str, person: str) -> None:
    """Remove a survey. Raises Problem 404, and 423 while a file of it is being received."""
    with context.database.write() as session:
        survey = survey_of(session, number)
        files = files_of(session, number)
        for file in files:
            if file.state in ("announced", "receiving"):
                receiver.remove(file.id)
        if survey.state not in (SurveyState.DONE, SurveyState.DUPLICATE):
            cancel(session, survey)
        same_drive = select(Survey.id).where(Survey.survey_id == survey.survey_id, Survey.id != number).limit(1)
        if survey.survey_id is not None and session.scalar(same_drive) is None:  # it may be on the map, or just come on
            take_off = {"remove": survey.survey_id}
            queue.enqueue(session, "map", take_off, person=person, lane="map", key=f"remove:{survey.survey_id}")
        session.execute(delete(File).where(File.survey == number))
        session.execute(delete(Survey).where(Survey.id == number))
    for key in (f"footage/{number}", f"results/{number}"):
        context.blobs.remove(key)
