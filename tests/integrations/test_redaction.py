"""Planted secrets must not come out of any handler."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.redaction import MASK, RedactingFilter, redact

JWT = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiIxIiwianRpIjoiMmUifQ.c2lnbmF0dXJlLXBsYW50ZWQ"
HEX = "def50200" + "0a1b2c3d4e5f" * 12
PLANTED = "pl4nted-s3cret"


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger under a handler that has the filter, as in project/settings/logs.py."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.addFilter(RedactingFilter())
    logger = logging.getLogger("tests.redaction.deep.below")
    parent = logging.getLogger("tests.redaction")
    parent.addHandler(handler)
    parent.setLevel(logging.DEBUG)
    yield logger, out
    parent.removeHandler(handler)


def throw(error: Exception) -> None:
    raise error


SECRETS = [
    (f"Authorization: Bearer {JWT}", f"Authorization: Bearer {MASK}"),
    (f"authorization: bearer {PLANTED}", f"authorization: bearer {MASK}"),
    ("Authorization: Basic cGxhbnRlZDpwbGFudGVk", f"Authorization: Basic {MASK}"),
    (f"key enishi_k3x9ab2c_{'aB-_' * 10}aaa in a traceback", f"key enishi_k3x9ab2c_{MASK} in a traceback"),
    (f"X-Session-Token: '{PLANTED}'", f"X-Session-Token: '{MASK}'"),
    (f"got {JWT} back", f"got {MASK} back"),
    (f"token was {HEX}.", f"token was {MASK}."),
    (
        f'"GET /integrations/mal/callback?code={HEX}&state={PLANTED} HTTP/1.1" 302',
        f'"GET /integrations/mal/callback?code={MASK}&state={MASK} HTTP/1.1" 302',
    ),
    (
        f"/login?next=%2Fcallback%3Fcode%3D{PLANTED}%26state%3D{PLANTED}&x=1",
        f"/login?next=%2Fcallback%3Fcode%3D{MASK}%26state%3D{MASK}&x=1",
    ),
    (f"https://h/p#access_token={PLANTED}&token_type=x", f"https://h/p#access_token={MASK}&token_type=x"),
    (
        f"grant_type=refresh_token&refresh_token={PLANTED}&client_id=7&client_secret={PLANTED}",
        f"grant_type=refresh_token&refresh_token={MASK}&client_id=7&client_secret={MASK}",
    ),
    (f"body code={PLANTED}&code_verifier={PLANTED}", f"body code={MASK}&code_verifier={MASK}"),
    (f'{{"access_token": "{PLANTED}", "expires_in": 3600}}', f'{{"access_token": "{MASK}", "expires_in": 3600}}'),
    (f"{{'password': b'{PLANTED}', 'user': 'alice'}}", f"{{'password': b'{MASK}', 'user': 'alice'}}"),
    (f"{{'code': ['{PLANTED}-{PLANTED}'], 'state': '{PLANTED}-x-x'}}", f"{{'code': ['{MASK}'], 'state': '{MASK}'}}"),
    (f"Grant(access_token='{PLANTED}', expires_at=7)", f"Grant(access_token='{MASK}', expires_at=7)"),
    (f"?password={PLANTED},;)more&x=1", f"?password={MASK}&x=1"),
    (f"login(password={PLANTED}, user=alice)", f"login(password={MASK}, user=alice)"),
    (f"?token={PLANTED}", f"?token={MASK}"),
]

HARMLESS = [
    "run 17 of anilist: read 1000, written 3, skipped 0",
    "status code=429 state=planned",
    "{'state': 'applied', 'code': 'E1'}",
    "the bearer of bad news; basic rules",
    "token_version moved to 7; TOKEN_KEYS has 2 keys",
    "GET graphql.anilist.co / 200 113 ms",
    "/search?q=code&kind=anime",
    "password reset mail sent",
    "eyJ is how they begin",
    "",
]


class TestRedact:
    @pytest.mark.parametrize(("text", "clean"), SECRETS)
    def test_secrets_are_masked_and_the_rest_stays(self, text: str, clean: str) -> None:
        assert redact(text) == clean
        assert redact(clean) == clean

    @pytest.mark.parametrize("text", HARMLESS)
    def test_everyday_lines_stay_as_they_are(self, text: str) -> None:
        assert redact(text) == text

    @given(
        name=st.sampled_from(["code", "state", "token", "access_token", "refresh_token", "client_secret", "password"]),
        value=st.text("abcdefXYZ0189-_.~%+/=", min_size=1, max_size=60).filter(lambda text: "%26" not in text),
        around=st.text(max_size=20).filter(lambda text: "&" not in text and "#" not in text),
    )
    def test_no_value_of_a_query_string_survives(self, name: str, value: str, around: str) -> None:
        marked = f"MARK{value}MARK"
        assert "MARK" not in redact(f"{around}?{name}={marked}&after=1")


class TestFilter:
    def test_messages_and_arguments(self, log: tuple[logging.Logger, io.StringIO]) -> None:
        logger, out = log
        logger.warning("GET %s as %s", f"/callback?code={PLANTED}&state={PLANTED}", {"access_token": PLANTED})
        assert out.getvalue() == f"GET /callback?code={MASK}&state={MASK} as {{'access_token': '{MASK}'}}\n"

    def test_exceptions_their_causes_and_notes(self, log: tuple[logging.Logger, io.StringIO]) -> None:
        logger, out = log
        inner, outer = ValueError(f"https://h/p?code={PLANTED}"), RuntimeError(f"refresh_token={PLANTED}")
        inner.add_note(f"Bearer {PLANTED}")
        outer.__cause__ = inner
        try:
            throw(outer)
        except RuntimeError:
            logger.exception("failed")
        said = out.getvalue()
        assert PLANTED not in said
        assert f"RuntimeError: refresh_token={MASK}" in said
        assert f"ValueError: https://h/p?code={MASK}" in said
        assert "Traceback" in said

    def test_no_later_handler_finds_the_exception_either(self) -> None:
        try:
            throw(ValueError(f"Bearer {PLANTED}"))
        except ValueError as error:
            record = logging.makeLogRecord({"msg": "x", "exc_info": (type(error), error, error.__traceback__)})
        assert RedactingFilter().filter(record) is True
        assert record.exc_info is None
        assert PLANTED not in str(record.exc_text)

    def test_stack_and_extras(self) -> None:
        record = logging.makeLogRecord({"msg": "x", "stack_info": f"  f(token={PLANTED})"})
        record.__dict__.update(
            refresh_token=PLANTED,
            url=f"/p?code={PLANTED}",
            data={"deep": [{"client_secret": PLANTED}, (f"Bearer {PLANTED}",)], "n": 1},
            status=200,
        )
        assert RedactingFilter().filter(record) is True
        assert PLANTED not in str(record.__dict__)
        assert record.__dict__["status"] == 200
        assert record.__dict__["data"] == {"deep": [{"client_secret": MASK}, (f"Bearer {MASK}",)], "n": 1}

    def test_a_record_without_secrets_is_not_touched(self) -> None:
        error = ValueError("plain")
        arguments: Any = ("run", 7)
        given = {"msg": "%s %d", "args": arguments, "exc_info": (ValueError, error, None), "extra": "plain"}
        record = logging.makeLogRecord(given)
        before = dict(record.__dict__)
        assert RedactingFilter().filter(record) is True
        assert record.__dict__ == before
        assert record.args is arguments

    def test_a_broken_log_call_neither_raises_nor_leaks(self, log: tuple[logging.Logger, io.StringIO]) -> None:
        logger, out = log
        too_few: Any = ("%d of %d", f"token={PLANTED}")
        logger.warning(*too_few)
        assert "%d of %d" in out.getvalue()
        assert PLANTED not in out.getvalue()
