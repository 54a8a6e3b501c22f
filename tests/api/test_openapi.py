"""The OpenAPI document: complete, and true of every address that it describes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import positive_data_acceptance

from api.app import create_app
from api.context import open_context
from api.settings import read_settings
from tests.api.maps import put_driven_map

ENDLESS = "/v1/events"  # a stream
EXAMPLES = 6


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    context = open_context(read_settings(home=tmp_path_factory.mktemp("openapi") / "server"))
    put_driven_map(context)
    yield create_app(context)
    context.close()


@pytest.fixture(scope="module")
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


@schemathesis.serializer("application/offset+octet-stream")
def _bytes(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def test_every_address_does_what_the_document_says(app: FastAPI) -> None:
    """Ask what the document allows, and what it doesn't; the answers have to be as it says (schemathesis).

    All of its checks but one: what a filter, a date, a tus header or a survey means is more than a schema can say, so a
    request that fits the schema may be refused, with a status that the document names.
    """
    described = schemathesis.openapi.from_asgi("/openapi.json", app).exclude(path=ENDLESS)
    problems = []
    for found in described.get_all_operations():
        operation = found.ok()

        @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def ask(case: Case) -> None:
            case.call_and_validate(excluded_checks=[positive_data_acceptance])

        try:
            ask()
        except Exception as failure:
            problems.append(f"{operation.label}: {failure}\n" + "\n".join(map(str, getattr(failure, "exceptions", ()))))
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
