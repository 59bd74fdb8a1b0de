"""How much of our own log a command shows."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
OURS = ("accounts", "library", "integrations", "syncing", "notices")
"""Libraries below say more than may be said: headers, for instance."""


@contextmanager
def shown_from(level: str | None) -> Iterator[None]:
    """level: one of LEVELS, None = as the settings have it."""
    loggers = [logging.getLogger(name) for name in OURS] if level else []
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(level or logging.NOTSET)
    try:
        yield
    finally:
        for logger, was in zip(loggers, before, strict=True):
            logger.setLevel(was)
