"""The schema is true, free of warnings and checked in; the documents name every code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

from accounts.api.documents import whole_schema
from accounts.api.problems import CODES
from tests.api.matrix import endpoints

ROOT = Path(__file__).resolve().parent.parent.parent
FILE = ROOT / "docs" / "api" / "openapi.yaml"
NOT_IN_IT = {("GET", "/api/v1/schema")}
"""The schema does not describe itself."""


def operations() -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in whole_schema()["paths"].items()
        for method, operation in methods.items()
    }


def test_the_checked_in_schema_is_the_code(tmp_path: Path) -> None:
    """`make schema` writes it. Warnings fail, as there."""
    fresh = tmp_path / "openapi.yaml"
    call_command("spectacular", file=str(fresh), validate=True, fail_on_warn=True)
    assert fresh.read_text() == FILE.read_text(), "docs/api/openapi.yaml is old: make schema"


def test_it_is_served_as_json_and_yaml(client: Client, db: None) -> None:
    as_json = client.get("/api/v1/schema")
    as_yaml = client.get("/api/v1/schema", headers={"Accept": "application/vnd.oai.openapi"})
    assert as_json["Content-Type"].startswith("application/vnd.oai.openapi+json")
    assert as_json.json()["openapi"] == "3.1.0"
    assert yaml.safe_load(as_yaml.content) == as_json.json()


def test_every_endpoint_is_in_it() -> None:
    assert len(operations()) == len(set(endpoints()) - NOT_IN_IT)


def test_every_operation_is_told_in_full() -> None:
    for name, operation in operations().items():
        assert operation.get("summary"), name
        assert operation.get("tags") not in (None, ["api"]), name
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for body in bodies:
            for kind, content in body.get("content", {}).items():
                # Files and streams have no example.
                is_json = kind == "application/json" and content["schema"].get("format") != "binary"
                assert "examples" in content or not is_json, f"{name} has a body without an example"


def test_every_operation_names_the_problems() -> None:
    for name, operation in operations().items():
        assert {"429", "503"} <= set(operation["responses"]), name
        if operation.get("security"):
            assert {"401", "403"} <= set(operation["responses"]), name


@pytest.mark.parametrize("code", sorted(CODES))
def test_the_guide_names_every_code(code: str) -> None:
    status, title = CODES[code]
    assert f"| `{code}` | {status} | {title} |" in (ROOT / "docs" / "api.md").read_text()


def test_the_pages_to_try_it_out_need_nothing_from_elsewhere(client: Client, db: None) -> None:
    answer = client.get("/api/v1/docs")
    assert answer.status_code == 200
    assert b"http" not in answer.content.replace(b"http-equiv", b"")
    assert b"<style" not in answer.content
    assert answer.content.count(b"<script src=") == answer.content.count(b"<script") == 2
    assert "'unsafe" not in answer["Content-Security-Policy"]
