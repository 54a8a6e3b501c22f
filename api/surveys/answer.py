"""A survey as the API tells it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.jobs.answer import JobAnswer, utc
from api.jobs.answer import answer as job_answer
from api.settings import TEXT
from api.store.schema import File, Job, Survey
from api.store.states import ENDED, SurveyState

IN_WORDS: dict[SurveyState, tuple[str, str]] = {
    SurveyState.UPLOADING: ("wordt geüpload", "being uploaded"),
    SurveyState.CHECKING: ("wordt gecontroleerd", "being checked"),
    SurveyState.ATTENTION: ("vraagt uw aandacht", "needs your attention"),
    SurveyState.WAITING: ("wacht op de analyse", "waits for the analysis"),
    SurveyState.RUNNING: ("wordt geanalyseerd", "being analysed"),
    SurveyState.MAPPING: ("komt op de kaart", "being put on the map"),
    SurveyState.DONE: ("staat op de kaart", "on the map"),
    SurveyState.FAILED: ("mislukt", "failed"),
    SurveyState.CANCELLED: ("geannuleerd", "cancelled"),
    SurveyState.DUPLICATE: ("was al geüpload", "was uploaded before"),
}
UPLOADS = "/v1/uploads"


class SurveyOptions(BaseModel):
    """How to look at the footage. What is left out is chosen by the program."""

    model_config = ConfigDict(extra="forbid")

    every_m: float | None = Field(
        default=None, gt=0, le=100, description="a picture for each stretch so long, m", examples=[3]
    )
    camera: str | None = Field(
        default=None,
        max_length=255,
        pattern=TEXT,
        description="name of the camera profile (.yaml) among the files",
        examples=["camera.yaml"],
    )
    calibrate: bool | None = Field(default=None, description="find the camera in the footage first", examples=[True])
    offset_s: float | None = Field(
        default=None, ge=-1e9, le=1e9, description="added to the footage's clock to get the track's, s", examples=[3600]
    )
    partial: bool | None = Field(default=None, description="use the part that the track covers", examples=[True])


class Finding(BaseModel):
    """Something that the check found."""

    code: str = Field(description="what", examples=["too_dark"])
    level: Literal["stop", "warn", "info"] = Field(
        description="stop: it can't be used so; warn: go on or put it right", examples=["warn"]
    )
    file: str | None = Field(description="the file that it is about", examples=["drive.mp4"])
    text_nl: str = Field(description="what is wrong and what to do, in Dutch", examples=["In het donker gefilmd."])
    text_en: str = Field(description="the same in English", examples=["Filmed in the dark."])


class SurveyFile(BaseModel):
    """A file of a survey."""

    id: str = Field(description="its id", examples=["9b1de0c44f5a4e6c8a10d2a3b4c5d6e7"])
    name: str = Field(description="its name, as the crew gave it", examples=["drive.mp4"])
    size: int = Field(description="length, bytes", examples=[1_073_741_824])
    received: int = Field(description="how much of it is safely here, bytes", examples=[536_870_912])
    state: Literal["announced", "receiving", "complete", "removed"] = Field(examples=["receiving"])
    sha256: str | None = Field(description="of the complete file, in hex", examples=[None])
    upload: str | None = Field(description="where its bytes go, by the tus protocol", examples=[f"{UPLOADS}/9b1de0c4"])


class Redrive(BaseModel):
    """A stretch to drive again."""

    from_m: float = Field(description="where on the drive it begins, m", examples=[120.0])
    to_m: float = Field(description="where it ends, m", examples=[180.5])
    reason: str = Field(description="why", examples=["too dark"])
    lon: float | None = Field(default=None, description="longitude of its beginning (WGS84), °", examples=[6.8902])
    lat: float | None = Field(default=None, description="latitude of its beginning (WGS84), °", examples=[52.2201])


class SurveySummary(BaseModel):
    """What came out of a survey."""

    frames: int = Field(default=0, description="pictures looked at", examples=[480])
    unusable: int = Field(default=0, description="of which the road couldn't be seen well enough", examples=[12])
    driven_m: float = Field(default=0.0, description="length driven, m", examples=[1440.0])
    bbox: tuple[float, float, float, float] | None = Field(
        default=None,
        description="where pictures were taken: west, south, east, north (WGS84), °; null: nowhere",
        examples=[[6.88, 52.21, 6.9, 52.23]],
    )
    defects: int = Field(default=0, description="damage found", examples=[37])
    redrive: list[Redrive] = Field(default=[], description="stretches to drive again")
    quality: dict[str, int] = Field(default={}, description="why pictures couldn't be used: reason -> how many")
    notes: list[str] = Field(default=[], description="what to mind", examples=[["the camera is not calibrated"]])


class SurveyAnswer(BaseModel):
    """One drive, as its crew announced it, and where it is on its way to the map."""

    id: str = Field(description="its id", examples=["3f2a9c01d4e5"])
    name: str = Field(description="its name", examples=["Noord, mei"])
    state: SurveyState = Field(description="where it is", examples=["running"])
    state_nl: str = Field(description="that in Dutch", examples=["wordt geanalyseerd"])
    state_en: str = Field(description="that in English", examples=["being analysed"])
    person: str = Field(description="who announced it", examples=["J. de Vries"])
    created_utc: str = Field(description="when (ISO 8601, UTC)", examples=["2026-05-14T09:30:00Z"])
    changed_utc: str = Field(description="when it changed last (ISO 8601, UTC)", examples=["2026-05-14T09:42:00Z"])
    options: SurveyOptions = Field(description="how to look at the footage")
    files: list[SurveyFile] = Field(description="its files, in the order they were announced")
    findings: list[Finding] = Field(description="what the check found")
    error: str | None = Field(description="why it failed, in plain words", examples=[None])
    duplicate_of: str | None = Field(description="the survey with the same bytes", examples=[None])
    summary: SurveySummary | None = Field(description="what came out")
    survey_id: str | None = Field(description="its id on the map", examples=["54518d4e23e3"])
    job: JobAnswer | None = Field(description="the work that is done for it now, or was last")
    on_map: int | None = Field(description="revision of the map that first held it", examples=[7])


def answers(session: Session, surveys: list[Survey]) -> list[SurveyAnswer]:
    """Tell of surveys, each with its files and its newest job."""
    ids = [survey.id for survey in surveys]
    files: dict[str, list[File]] = {survey: [] for survey in ids}
    for file in session.scalars(select(File).where(File.survey.in_(ids)).order_by(File.created_s, File.id)):
        files[file.survey].append(file)
    jobs: dict[str, Job] = {}
    for job in session.scalars(select(Job).where(Job.survey.in_(ids)).order_by(Job.id)):
        jobs[job.survey or ""] = job
    mapping = None
    if any(survey.state == SurveyState.MAPPING for survey in surveys):  # one job maps all that wait for it
        mapping = session.scalar(select(Job).where(Job.kind == "map", Job.state.not_in(ENDED)).order_by(Job.id))
    return [
        _answer(survey, files[survey.id], (survey.state == SurveyState.MAPPING and mapping) or jobs.get(survey.id))
        for survey in surveys
    ]


def _answer(survey: Survey, files: list[File], job: Job | None) -> SurveyAnswer:
    state = SurveyState(survey.state)
    state_nl, state_en = IN_WORDS[state]
    return SurveyAnswer(
        id=survey.id,
        name=survey.name,
        state=state,
        state_nl=state_nl,
        state_en=state_en,
        person=survey.person,
        created_utc=utc(survey.created_s) or "",
        changed_utc=utc(survey.changed_s) or "",
        options=SurveyOptions(**survey.options),
        files=[_file(file) for file in files],
        findings=[Finding(**finding) for finding in survey.findings],
        error=survey.error,
        duplicate_of=survey.duplicate_of,
        summary=None if survey.summary is None else SurveySummary(**survey.summary),
        survey_id=survey.survey_id,
        job=None if job is None else job_answer(job),
        on_map=survey.on_map,
    )


def _file(file: File) -> SurveyFile:
    unfinished = file.state in ("announced", "receiving")
    columns: dict[str, Any] = {name: getattr(file, name) for name in ("id", "name", "size", "received", "state")}
    return SurveyFile(**columns, sha256=file.sha256, upload=f"{UPLOADS}/{file.id}" if unfinished else None)
