"""Which queues there are. A slow service delays nobody else's: each has its own."""

from __future__ import annotations

from integrations.providers import registry

INTERACTIVE = "interactive"
"""A person waits for it."""
CONTROL = "control"
"""Ticks: short, from the database to the database. Nothing may stand in their way."""
UPKEEP = "upkeep"
"""What takes minutes and may wait for minutes: tables, tidying, notices by mail."""


def provider_queues() -> tuple[str, ...]:
    return registry.slugs()


def queue_names() -> tuple[str, ...]:
    return (*provider_queues(), INTERACTIVE, CONTROL, UPKEEP)
