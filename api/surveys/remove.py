"""Removing a survey: its row, its bytes, and a job that takes it off the map."""

from sqlalchemy import delete

from api.context import Context
from api.store.schema import File, Survey
from api.store.states import SurveyState
from api.surveys.announce import cancel, files_of, survey_of, take_off
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
        take_off(session, survey, person)
        session.execute(delete(File).where(File.survey == number))
        session.execute(delete(Survey).where(Survey.id == number))
    for key in (f"footage/{number}", f"results/{number}"):
        context.blobs.remove(key)
