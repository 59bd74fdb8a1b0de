"""Where log lines go: one stream, one line a record, secrets taken out on the way."""

from __future__ import annotations

from typing import Any

from project.settings import env


def logging_settings(*, form: str, level: str) -> dict[str, Any]:
    """form: "text" for people, "json" for machines; ENISHI_LOG overrides. level: ENISHI_LOG_LEVEL overrides.

    The filter sits on the handler: a filter on a logger is not asked about records that come from loggers below it.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"redact": {"()": "integrations.redaction.RedactingFilter"}},
        "formatters": {
            "text": {"()": "project.logs.TextFormatter"},
            "json": {"()": "project.logs.JsonFormatter"},
        },
        "handlers": {
            "stream": {
                "class": "logging.StreamHandler",
                "formatter": env.text("ENISHI_LOG", form),
                "filters": ["redact"],
            }
        },
        "root": {"handlers": ["stream"], "level": env.text("ENISHI_LOG_LEVEL", level)},
        "loggers": {
            # Django brings handlers of its own; ours would print each line a second time.
            "django": {"handlers": [], "propagate": True, "level": "INFO"},
            "django.server": {"handlers": [], "propagate": True, "level": "INFO"},
            # One line a request with its whole URL: ours in integrations.http says the same without query strings.
            "httpx": {"level": "WARNING"},
            "httpcore": {"level": "WARNING"},
            # "Task received" and "succeeded" for each tick, every ten seconds.
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
        },
    }
