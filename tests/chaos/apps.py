"""Terms that are no settings, shortened in every process of the storm. What they protect from is as short here.

A request is done at the latest 3 s after it was sent (`storm.SLOWEST`), however soon its sender gave up or died: well
below the wait for a play in doubt.
"""

from __future__ import annotations

from dataclasses import replace

from django.apps import AppConfig

READ_SECONDS = 1.5
DOUBT_SECONDS = 6.0
BACKOFF_SECONDS, BACKOFF_CAP = 0.5, 4.0
PARKED_SECONDS = (2.0, 4.0)
OPEN_SECONDS, LONGEST_OPEN = 1.0, 4.0


class ShortTerms(AppConfig):
    name = "tests.chaos"
    label = "chaos"

    def ready(self) -> None:
        from integrations import breaker, line
        from integrations.providers import registry
        from integrations.providers.trakt import history, judging
        from syncing.core import retry

        line.READ_SECONDS = READ_SECONDS
        breaker.FIRST_OPEN, breaker.LONGEST_OPEN = OPEN_SECONDS, LONGEST_OPEN
        history.DOUBT_SECONDS, judging.OVERLOAD_WAIT = DOUBT_SECONDS, OPEN_SECONDS
        first, last = BACKOFF_SECONDS, BACKOFF_CAP
        retry.TABLE = {code: replace(rule, base=first, cap=last) for code, rule in retry.TABLE.items()}
        retry.LEFT_OVER = replace(retry.LEFT_OVER, base=first, cap=last)
        retry.ENTRIES = {cause: replace(one, waits=PARKED_SECONDS) for cause, one in retry.ENTRIES.items()}
        for provider in map(registry.get, registry.slugs()):
            # Out of the way: budgets have tests of their own.
            roomy = tuple(replace(one, requests=60_000, seconds=60.0, burst=1000) for one in provider.budgets)
            type(provider).budgets = roomy
