"""Checks of many people in one request, where a service can do that (`BatchProber`).

A little before connections are due their public lists are looked at together. Whose mark has not moved has had its
check, as by a run without changes; everybody else stays due and runs as usual. docs/decisions/0018-batched-probes.md
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from time import monotonic
from uuid import UUID

from integrations.errors import ProviderError
from integrations.providers import registry
from integrations.providers.base import BatchProber
from integrations.services import providers, sessions
from integrations.services.budgets import checks_of_next_minute
from syncing.services import ripeness
from syncing.services.batch_checks import check_batch
from syncing.services.nudging import send

log = logging.getLogger(__name__)

FEWEST = 2
"""Fewer people are as cheap by their own runs, which see more."""
TURN_BATCHES = 12
"""Of one message: half a minute's work at the rate that AniList gives one address. More messages spread over more
workers, which may leave through other addresses."""
TURN_SECONDS = 60.0
"""After that no other batch is begun: the next tick goes on."""
EXPIRES = 60


def start_batches() -> None:
    """Ask the queue of each provider that can do it, when it pays, for no more than the next minute's checks."""
    for slug in providers.enabled_slugs():
        provider = registry.get(slug)
        if not isinstance(provider, BatchProber):
            continue
        size, turn = provider.probe_batch, provider.probe_batch * TURN_BATCHES
        ids = ripeness.ripe(slug, size=size, most=size * checks_of_next_minute(provider, klass="checks"))
        for at in range(0, len(ids), turn):
            whom = [str(one) for one in ids[at : at + turn]]
            if len(whom) >= FEWEST and not send("syncing.probe_batch", [slug, *whom], queue=slug, expires=EXPIRES):
                # The broker is away: everybody is checked by their own run.
                return


def probe_due(slug: str, ids: Sequence[UUID]) -> None:
    """Look at these, as far as they may still be looked at so. Two at once share them: nobody is asked for twice."""
    provider = registry.get(slug)
    if not isinstance(provider, BatchProber):
        return
    ends, size = monotonic() + TURN_SECONDS, provider.probe_batch
    try:
        session = sessions.open_public_session(provider)
        for at in range(0, len(ids), size):
            batch = ids[at : at + size]
            if len(batch) < FEWEST or monotonic() > ends:
                return
            check_batch(provider, session, batch)
    except ProviderError as error:
        # Nothing was decided for those that are left: they are due as they were, and say themselves what is wrong.
        log.info("no more batched checks of %s for now: %s", slug, error.message)
