"""Checks of many people in one request, where a service can do that (`BatchProber`).

A little before connections are due their public lists are looked at together. Whose mark has not moved has had its
check, as by a run without changes; everybody else stays due and runs as usual. docs/decisions/0018-batched-probes.md
"""

from __future__ import annotations

import logging
from time import monotonic

from celery import current_app
from django.core.cache import cache
from kombu.exceptions import OperationalError

from integrations.errors import ProviderError
from integrations.providers import registry
from integrations.providers.base import BatchProber
from integrations.services import providers, sessions
from syncing.services import ripeness
from syncing.services.batch_checks import check_batch

log = logging.getLogger(__name__)

FEWEST = 2
"""Fewer people are as cheap by their own runs, which see more."""
TURN_SECONDS = 60.0
"""After that no other batch is begun: the next tick goes on."""
LOCK_SECONDS = 180
"""The time limit of the task."""
EXPIRES = 60


def start_batches() -> None:
    """Ask the queue of each provider that can do it, when it pays."""
    for slug in providers.enabled_slugs():
        provider = registry.get(slug)
        if not isinstance(provider, BatchProber) or len(ripeness.ripe(slug, size=provider.probe_batch)) < FEWEST:
            continue
        try:
            current_app.send_task("syncing.probe_batch", args=[slug], queue=slug, retry=False, expires=EXPIRES)
        except OperationalError:
            log.warning("the broker is away; everybody is checked by their own run")


def probe_due(slug: str) -> None:
    """Look at everybody who is due and may be looked at so. Does nothing while another worker is at it."""
    provider, lock = registry.get(slug), f"syncing.probe_batch:{slug}"
    if not isinstance(provider, BatchProber) or not cache.add(lock, 1, timeout=LOCK_SECONDS):
        return
    try:
        _probe_all(provider, ends=monotonic() + TURN_SECONDS)
    except ProviderError as error:
        # Nothing was decided for those that are left: they are due as they were, and say themselves what is wrong.
        log.info("no more batched checks of %s for now: %s", slug, error.message)
    finally:
        cache.delete(lock)


def _probe_all(provider: BatchProber, *, ends: float) -> None:
    ids, size = ripeness.ripe(provider.slug, size=provider.probe_batch), provider.probe_batch
    session = sessions.open_public_session(provider)
    for at in range(0, len(ids), size):
        batch = ids[at : at + size]
        if len(batch) < FEWEST or monotonic() > ends:
            return
        check_batch(provider, session, batch)
