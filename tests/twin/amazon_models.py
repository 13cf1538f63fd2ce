"""Holds answers of the simulated Amazon against Amazon's own published models and schemas, closed to unknown fields."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

import jsonschema
import pytest

from crossdock.twin.world import Response
from tests.twin.amazon_caller import SPECS, json_of

Check: TypeAlias = Callable[[str, Response], int]

formats = jsonschema.FormatChecker(formats=())
formats.checks("date-time", raises=ValueError)(lambda text: bool(datetime.fromisoformat(str(text)).tzinfo))


def checker(model_file: str) -> Check:
    """Make what holds an answer against what a model says about an operation and a status, and gives the status."""
    model = published("models", model_file)
    operations = {
        each["operationId"]: each for path in model["paths"].values() for name, each in path.items() if name in METHODS
    }
    parts = {part.get("$ref") for schema in model["definitions"].values() for part in schema.get("allOf", ())}
    definitions = {
        name: schema if f"#/definitions/{name}" in parts else _closed(schema)  # the parts of a whole stay open
        for name, schema in model["definitions"].items()
    }

    def hold(operation: str, response: Response) -> int:
        described = operations[operation]["responses"][str(response.status)]
        if "schema" not in described:
            assert response.body == b""
            return response.status
        schema = described["schema"] | {"definitions": definitions}
        jsonschema.Draft4Validator(schema, format_checker=formats).validate(json_of(response))
        return response.status

    return hold


def problems(schema_file: str, value: object) -> list[str]:
    """Tell what a published schema, of drafts from 7 on, finds wrong with a value."""
    schema = jsonschema.Draft7Validator(published("schemas", schema_file), format_checker=formats)
    return [error.message for error in schema.iter_errors(value)]


METHODS = ("get", "put", "post", "patch", "delete")


def published(*names: str) -> dict[str, Any]:
    """Read a published file, or skip the test where it is not at hand."""
    path = SPECS.joinpath(*names)
    if not path.exists():
        pytest.skip("Amazon's published models are not at hand")
    read: dict[str, Any] = json.loads(path.read_text())
    return read


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """Close an object of a model to fields it does not name."""
    return schema | {"additionalProperties": False} if "properties" in schema else schema
