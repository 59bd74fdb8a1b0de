"""Every error has one shape, whatever refused the request."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.api.problems import CODES, declare
from tests.api.conftest import problem

JSON = "application/json"
ECHO = "/api/v1/trial/echo"
pytestmark = pytest.mark.urls("tests.api.trial")


def test_what_does_not_fit_names_each_field(alice_api: Client) -> None:
    body = {"name": "too long", "entries": [{"score": 1}, {"score": 101}, {}]}
    found = problem(alice_api.post(ECHO, body, JSON), 400, "invalid")
    assert [(error["field"], error["code"]) for error in found["errors"]] == [
        ("name", "max_length"),
        ("entries.1.score", "max_value"),
        ("entries.2.score", "required"),
    ]


@pytest.mark.parametrize("body", ["[]", '"text"', "7", "null"])
def test_a_body_of_another_kind(body: str, alice_api: Client) -> None:
    found = problem(alice_api.post(ECHO, body, JSON), 400, "invalid")
    assert [error["field"] for error in found["errors"]] in ([""], ["name"])


@pytest.mark.parametrize(
    ("inner", "field"),
    [
        ({"score": "5"}, "score"),
        ({"score": True}, "score"),
        ({"score": 5.5}, "score"),
        ({"score": 5, "private": 0}, "private"),
        ({"score": 5, "private": "true"}, "private"),
        ({"score": 5, "weight": "1.5"}, "weight"),
        ({"score": 5, "weight": False}, "weight"),
        ({"score": 5, "tags": ["a", 1]}, "tags.1"),
        ({"score": 5, "more": {"x": "1"}}, "more.x"),
    ],
)
def test_types_are_those_of_the_schema(inner: dict[str, Any], field: str, alice_api: Client) -> None:
    """DRF would take them for what they might mean."""
    found = problem(alice_api.post(ECHO, {"name": "n", "entries": [inner]}, JSON), 400, "invalid")
    assert [error["field"] for error in found["errors"]] == [f"entries.0.{field}"]
    problem(alice_api.post(ECHO, {"name": 7}, JSON), 400, "invalid")


def test_types_that_fit_are_taken(alice_api: Client) -> None:
    inner: dict[str, Any] = {"score": 5.0, "private": None, "weight": 2, "tags": [], "more": {"x": 1}}
    assert alice_api.post(ECHO, {"name": "n", "entries": [inner]}, JSON).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"\xff\xfe{}",
        b'{"name": NaN}',
        b"[" * 100_000,
        b'{"name": ' + b"1" * 10_000 + b"}",
        rb'{"name": "a\u0000b"}',
        rb'{"name": "\ud800"}',
        rb'{"\udc00": 1}',
        b"{'name': 1}",
    ],
)
def test_what_is_no_json(body: bytes, alice_api: Client) -> None:
    found = alice_api.generic("POST", ECHO, body, JSON)
    if body:
        problem(found, 400, "malformed")
    else:
        problem(found, 400, "invalid")


def test_text_that_only_looks_like_an_escape_is_fine(alice_api: Client) -> None:
    answer = alice_api.generic("POST", ECHO, rb'{"name": "\\u0000".0}'.replace(b".0", b""), JSON)
    assert answer.status_code == 400  # six characters: over the field's five, and no NUL
    assert answer.json()["code"] == "invalid"
    assert alice_api.generic("POST", ECHO, rb'{"name": "\ud83d\ude00"}', JSON).json() == {"name": "😀"}


def test_too_large(alice_api: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    problem(alice_api.post(ECHO, {"name": "x" * 200}, JSON), 413, "too_large")


def test_another_format(alice_api: Client) -> None:
    problem(alice_api.post(ECHO, {"name": "x"}), 415, "unsupported_media_type")


def test_another_form_of_answer(alice_api: Client) -> None:
    problem(alice_api.get("/api/v1/account", headers={"Accept": "text/html"}), 406, "not_acceptable")


def test_another_method(alice_api: Client) -> None:
    answer = alice_api.delete("/api/v1/runs")
    problem(answer, 405, "method_not_allowed")
    assert answer["Allow"] == "GET, HEAD"
    problem(alice_api.options("/api/v1/runs"), 405, "method_not_allowed")


def test_not_signed_in(client: Client, db: None) -> None:
    answer = client.get("/api/v1/account")
    problem(answer, 401, "not_signed_in")
    assert answer["WWW-Authenticate"] == 'Bearer realm="enishi"'
    problem(client.delete("/api/v1/account"), 401, "not_signed_in")


def test_an_error_of_a_room(alice_api: Client) -> None:
    assert problem(alice_api.get("/api/v1/trial/raise/room"), 409, "conflict")["detail"] == "Both at once."


def test_missing_rows_and_unknown_addresses(alice_api: Client, client: Client) -> None:
    problem(alice_api.get("/api/v1/trial/raise/missing"), 404, "not_found")
    for path in ("/api/v1/nowhere", "/api/v1/", "/api/", "/api", "/api/v2/account", "/api/v1/account/nowhere/"):
        problem(client.get(path), 404, "not_found")
        problem(client.post(path), 404, "not_found")


def test_a_slash_too_many_is_redirected(client: Client) -> None:
    for method in ("GET", "PATCH"):
        answer = client.generic(method, "/api/v1/account/?a=1&b=%2F")
        assert (answer.status_code, answer["Location"]) == (308, "/api/v1/account?a=1&b=%2F")
    assert client.get("/api/v1//evil.example/").status_code == 404


def test_a_fault_of_ours_tells_nothing(alice_api: Client) -> None:
    alice_api.raise_request_exception = False
    answer = alice_api.get("/api/v1/trial/raise/fault")
    problem(answer, 500, "server_error")
    assert b"planted" not in answer.content


def test_an_outage_says_when_to_come_back(alice_api: Client) -> None:
    alice_api.raise_request_exception = False
    answer = alice_api.get("/api/v1/trial/raise/away")
    problem(answer, 503, "unavailable")
    assert answer["Retry-After"] == "30"


def test_a_foreign_host(alice_api: Client) -> None:
    alice_api.raise_request_exception = False
    problem(alice_api.get("/api/v1/account", headers={"Host": "evil.example"}), 400, "malformed")


def test_pages_keep_their_own_errors(client: Client, db: None) -> None:
    client.raise_request_exception = False
    answer = client.get("/", headers={"Host": "evil.example"})
    assert (answer.status_code, answer["Content-Type"]) == (400, "text/html; charset=utf-8")


def test_answers_are_nobody_elses(alice_api: Client) -> None:
    answer = alice_api.get("/api/v1/account")
    assert answer["Cache-Control"] == "no-store, private"
    assert {"Authorization", "Cookie", "X-Session-Token", "Origin"} <= set(answer["Vary"].replace(" ", "").split(","))
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_one_code_means_one_thing() -> None:
    declare({"conflict": CODES["conflict"]})
    with pytest.raises(ValueError, match="choose another code"):
        declare({"conflict": (400, "Something else")})
