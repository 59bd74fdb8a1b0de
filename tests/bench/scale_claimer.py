"""One worker among several, in a process of its own: claims and gives back until it has had its share.

`python -m tests.bench.scale_claimer batch COUNT LIMIT` gives back what it claimed in one statement;
`… each COUNT LIMIT` lets each connection go by itself, as runs do. Prints JSON: what it had, and its seconds.
"""

from __future__ import annotations

import json
import random
import sys
from datetime import timedelta
from time import perf_counter

import django


def main() -> int:
    django.setup()
    from django.utils import timezone

    from syncing.services import leases
    from tests.bench.scale_tables import ANILIST, finish_all

    way, count, limit = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    had: list[tuple[str, int]] = []
    claiming = 0.0
    started = perf_counter()
    while len(had) < count:
        begun = perf_counter()
        found = leases.claim_due(ANILIST, limit=limit, interactive=False)
        claiming += perf_counter() - begun
        had.extend((str(lease.connection_id), lease.token) for lease in found)
        if way == "batch":
            finish_all([lease.connection_id for lease in found])
            continue
        for lease in found:
            # Overdue again at once, by as much as the others: there is always enough to claim.
            assert leases.let_go(lease, due_at=timezone.now() - timedelta(hours=2 * random.random()))
    print(json.dumps({"seconds": perf_counter() - started, "claiming": claiming, "had": had}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
