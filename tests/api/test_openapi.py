"""The OpenAPI document: complete, and true of every address that it describes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from starlette.testclient import TestClient

from api.app import create_app
from api.store.fields import LAYERS
from tests.api.databases import ENGINES, Homes
from tests.api.maps import put_driven_map

ENDLESS = "/v1/events"  # a stream; asked in tests/api/jobs/test_events.py
EXAMPLES = 6
HONEST = ["2xx", "3xx", "404", "409", "413"]  # it isn't there, is in another state, or is above a server's own limit
BEYOND = {  # what else a request may be refused with that fits the document, and why no schema can say it
    "POST /v1/uploads": ["400", "415", "422"],  # the file's name and kind are inside the base64 of a header
    "PATCH /v1/uploads/{number}": ["460"],  # the checksum is of other bytes
    "POST /v1/match": ["422"],  # a line has as many times as places
    "GET /v1/compare": ["422"],  # the earlier day comes first, and somebody had driven by then
    **{f"GET /ogc/collections/{layer}/items": ["400"] for layer in LAYERS},  # what a CQL2 filter means
}


def _expecting(statuses: list[str]) -> dict[str, Any]:
    return {"checks": {"positive_data_acceptance": {"expected-statuses": statuses}}}


CONFIG = schemathesis.Config.from_dict(
    _expecting(HONEST)
    | {"operations": [{"include-name": name} | _expecting(HONEST + statuses) for name, statuses in BEYOND.items()]}
)


@pytest.fixture(scope="module", params=ENGINES)
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, _homes: Homes) -> Iterator[FastAPI]:
    with _homes.copied(request.param, put_driven_map, tmp_path_factory.mktemp("openapi") / "server") as context:
        yield create_app(context)


@pytest.fixture(scope="module")
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


@schemathesis.serializer("application/offset+octet-stream")
def _bytes(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _there(client: TestClient, path: str) -> dict[str, object]:
    """Parameters of a path by which it is of something that is there; made anew, since an operation may remove it."""
    survey = client.post("/v1/surveys", json={"files": [{"name": "a.gpx", "size": 10}]}).json()
    export = client.post("/v1/exports", json={"format": "csv"}).json()
    file = survey["files"][0]["id"]
    defect = client.get("/v1/defects/1").json()
    mapped, picture = Path(defect["sights"][0]["picture"]).parts[-2:]
    things: dict[str, dict[str, object]] = {
        "/v1/surveys/": {"number": survey["id"], "file": file},
        "/v1/uploads/": {"number": file},
        "/v1/exports/": {"number": export["id"]},
        "/v1/jobs/": {"number": export["job"]["id"]},
        "/v1/segments/": {"segment_id": "w0"},
        "/v1/defects/": {"defect_id": 1},
        "/v1/pictures/": {"survey_id": mapped, "number": int(Path(picture).stem)},
        "/ogc/collections/segments/": {"feature_id": "w0"},
        "/ogc/collections/defects/": {"feature_id": "1"},
        "/ogc/collections/surveys/": {"feature_id": mapped},
        "/ogc/collections/coverage/": {"feature_id": "1"},
    }
    named = next((ids for start, ids in things.items() if path.startswith(start)), {})
    return {name: value for name, value in named.items() if f"{{{name}}}" in path}


def test_what_the_document_allows_is_answered_as_it_says(app: FastAPI) -> None:
    """Ask what the document allows, of things that are there and of others; the answers have to be as it says.

    All checks of schemathesis, `positive_data_acceptance` among them: what fits the document is refused only for what
    no schema can say (HONEST and BEYOND). What it doesn't allow is refused in the tests of each address.
    """
    described = schemathesis.openapi.from_asgi("/openapi.json", app, config=CONFIG).exclude(path=ENDLESS)
    problems = []
    for found in described.get_all_operations():
        operation = found.ok()
        named = _there(TestClient(app), operation.path)
        for parameters in ({}, named) if named else ({},):

            @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
            @given(case=operation.as_strategy(path_parameters=parameters))
            def ask(case: Case) -> None:
                case.call_and_validate()

            try:
                ask()
            except (Exception, BaseExceptionGroup) as failure:
                more = "\n".join(map(str, getattr(failure, "exceptions", ())))
                problems.append(f"{operation.label}: {failure}\n{more}")
    assert not problems, "\n\n".join(problems)


def test_every_field_says_what_it_is_with_an_example(document: dict[str, Any]) -> None:
    silent = [
        f"{name}.{field}"
        for name, model in document["components"]["schemas"].items()
        for field, about in model.get("properties", {}).items()
        if not ({"$ref", "const", "examples", "default"} & set(about) or _has_model(about))
    ]
    assert not silent, ", ".join(silent)


def _has_model(about: dict[str, Any]) -> bool:
    """Whether a field is a model, or a list of one, whose own fields have examples."""
    return "$ref" in about.get("items", {}) or any("$ref" in one for one in about.get("anyOf", []))


def test_every_number_with_a_unit_in_its_name_says_the_unit(document: dict[str, Any]) -> None:
    units = {"_m": "m", "_m2": "m²", "_s": "s", "_deg": "°", "_mps": "m/s"}
    silent = [
        f"{name}.{field}"
        for name, model in document["components"]["schemas"].items()
        for field, about in model.get("properties", {}).items()
        for end, unit in units.items()
        if field.endswith(end) and f", {unit}" not in about.get("description", "")
    ]
    assert not silent, ", ".join(silent)


def test_every_address_has_a_summary_and_says_what_can_go_wrong(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation.get("summary"), (method, path)
            assert operation.get("description"), (method, path)
            for parameter in operation.get("parameters", []):
                assert parameter.get("description"), (method, path, parameter["name"])


def test_the_document_is_openapi_31(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert Path(document["info"]["license"]["identifier"]).name == "AGPL-3.0-or-later"
