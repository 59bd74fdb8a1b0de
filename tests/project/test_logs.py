"""One line a record, no secret in it."""

from __future__ import annotations

import io
import json
import logging
from logging.config import dictConfig

from django.conf import settings

from project.logs import JsonFormatter, TextFormatter
from project.settings.logs import logging_settings


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.getLogger("integrations.http").makeRecord(
        "integrations.http", logging.INFO, __file__, 1, message, args, None, extra=dict(extra)
    )
    made.created = 1_790_000_000.25
    return made


def test_json_is_one_line() -> None:
    line = JsonFormatter().format(record("answer\n%s", 200, provider="anilist", ms=31, skipped=object()))
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2026-09-21T14:13:20.250+00:00",
        "level": "info",
        "logger": "integrations.http",
        "message": "answer\n200",
        "provider": "anilist",
        "ms": 31,
    }


def test_json_carries_the_error() -> None:
    try:
        raise ValueError("broken")
    except ValueError as error:
        made = logging.LogRecord(
            "x", logging.ERROR, __file__, 1, "failed", (), (type(error), error, error.__traceback__)
        )
    line = json.loads(JsonFormatter().format(made))
    assert line["error"].endswith("ValueError: broken")


def test_text_is_readable() -> None:
    assert TextFormatter().format(record("hello")).endswith("INFO    integrations.http: hello")


def test_secrets_of_any_logger_are_taken_out() -> None:
    stream = io.StringIO()
    wanted = logging_settings(form="json", level="INFO")
    wanted["handlers"]["stream"]["stream"] = stream
    try:
        dictConfig(wanted)
        logging.getLogger("some.library").warning("GET /callback?code=planted1234567890&state=planted-too-123")
        logging.getLogger("other").error("Authorization: Bearer planted.token.value")
    finally:
        dictConfig(settings.LOGGING)
    assert stream.getvalue().count("\n") == 2
    assert "planted" not in stream.getvalue()
