"""Server-sent events: what changes in the database is told, whoever changed it."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api.context import Context
from api.jobs import events, queue
from api.jobs.events import Feed
from api.store.schema import MapState, Survey
from tests.api.serving import in_thread

Told = tuple[str, dict[str, Any], str | None]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LOOK_S", 0.02)


def read(text: str) -> Told:
    fields = dict(line.split(": ", 1) for line in text.strip().splitlines())
    return fields["event"], json.loads(fields["data"]), fields.get("id")


async def next_of(stream: AsyncIterator[str]) -> Told:
    async with asyncio.timeout(20):
        while True:
            text = await anext(stream)
            if text.startswith(("id", "event")):
                return read(text)


def add(context: Context) -> int:
    with context.database.write() as session:
        return queue.enqueue(session, "look", {}, person="anna", survey="one")


def put_survey(context: Context, state: str, changed_s: float) -> None:
    with context.database.write() as session:
        survey = session.get(Survey, "one") or Survey(
            id="one", name="a", person="anna", created_s=1.0, options={}, findings=[]
        )
        survey.state, survey.changed_s = state, changed_s
        session.add(survey)


def test_what_happens_is_told_to_all_who_listen(context: Context) -> None:
    async def run() -> None:
        feed = Feed(context.database)
        first, second = feed.listen(None), feed.listen(None)
        assert (await anext(first)).startswith("retry")
        await anext(second)
        await asyncio.sleep(0.2)
        put_survey(context, "checking", 2.0)
        number = add(context)
        seen = [await next_of(first) for _ in range(2)]
        assert {kind for kind, _, _ in seen} == {"job", "survey"}
        job = next(data for kind, data, _ in seen if kind == "job")
        assert (job["id"], job["state"]) == (number, "queued")
        assert next(data for kind, data, _ in seen if kind == "survey") == {"id": "one", "state": "checking"}
        assert [await next_of(second) for _ in range(2)] == seen
        with context.database.write() as session:
            state = MapState(id=1, revision=3, changes=1, inventory_key="", published_s=0.0, crs="", table="")
            state.bbox, state.summary = [], {}
            session.add(state)
        assert await next_of(first) == ("map", {"revision": 3, "changes": 1}, None)
        feed.close()
        assert [text async for text in first] == []

    asyncio.run(run())


def test_what_was_missed_is_told_first(context: Context) -> None:
    async def run() -> None:
        put_survey(context, "running", 2.0)
        numbers = [add(context) for _ in range(3)]
        with context.database.write() as session:
            queue.cancel(session, numbers[0])
        feed = Feed(context.database)
        stream = feed.listen(2)
        told = [await next_of(stream) for _ in range(3)]
        assert [(kind, data.get("id"), change) for kind, data, change in told] == [
            ("job", numbers[2], "3"),
            ("job", numbers[0], "4"),
            ("survey", "one", None),
        ]
        feed.close()

    asyncio.run(run())


def test_one_who_does_not_read_is_let_go(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "WAITING", 3)

    async def run() -> None:
        feed = Feed(context.database)
        stream = feed.listen(None)
        await anext(stream)
        await asyncio.sleep(0.2)
        for _ in range(6):
            add(context)
        await asyncio.sleep(0.5)
        assert feed.listeners == set()
        assert len([text async for text in stream]) == 2  # the rest is asked for with Last-Event-ID

    asyncio.run(run())


def test_it_says_that_it_is_there(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "ALIVE_S", 0.05)

    async def run() -> None:
        feed = Feed(context.database)
        stream = feed.listen(None)
        await anext(stream)
        assert await anext(stream) == ": here\n\n"
        feed.close()

    asyncio.run(run())


def test_the_stream_is_as_the_document_says(context: Context) -> None:
    """What schemathesis asks of all other addresses (tests/api/test_openapi.py), of the one that never ends."""
    number = add(context)
    with in_thread(context) as url, httpx.Client(base_url=url, timeout=20) as client:
        described = client.get("/openapi.json").json()["paths"]["/v1/events"]["get"]
        assert set(described["responses"]) == {"200", "401", "422"}
        assert [p["name"] for p in described["parameters"]] == ["last-event-id"]
        for seen in ("0", "-1", "812,5", "9" * 30, "9" * 5000):
            with client.stream("GET", "/v1/events", headers={"Last-Event-ID": seen}) as answer:
                assert answer.status_code == 200
                assert answer.headers["Content-Type"].partition(";")[0] in described["responses"]["200"]["content"]
                assert answer.headers["Cache-Control"] == "no-store"
                assert answer.headers["X-Accel-Buffering"] == "no"
                lines = answer.iter_lines()
                greeting = list(itertools.takewhile(bool, lines))
                assert greeting[0].startswith("retry: ")
                if seen == "0":
                    kind, data, change = read("\n".join(itertools.takewhile(bool, lines)))
                    assert (kind, data["id"], change) == ("job", number, "1")


def test_the_stream_is_for_those_who_may_read(context: Context) -> None:
    behind = Context(context.settings.model_copy(update={"user_header": "X-User"}), context.database, context.blobs)
    with in_thread(behind) as url:
        refused = httpx.get(f"{url}/v1/events")
        assert (refused.status_code, refused.headers["Content-Type"]) == (401, "application/problem+json")
        with httpx.stream("GET", f"{url}/v1/events", headers={"X-User": "anna"}) as answer:
            assert answer.status_code == 200
