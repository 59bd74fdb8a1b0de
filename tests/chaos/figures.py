"""What a storm amounted to, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.db.models import Sum

from integrations.models import Play
from syncing.models import Change, SyncRun
from syncing.services.recalling import FOUND, MISSED
from tests.chaos import invariants
from tests.chaos.reports import Reports
from tests.chaos.storm import Storm


def figures_of(storm: Storm, reports: Reports, *, runs: int, clocks: Mapping[str, float]) -> dict[str, Any]:
    """clocks: seconds that its parts took."""
    states = Counter(SyncRun.objects.values_list("state", flat=True))
    changes = Counter(Change.objects.exclude(side="library").values_list("state", flat=True))
    sums = SyncRun.objects.aggregate(requests=Sum("requests"), writes=Sum("writes"), taken=Sum("library_changes"))
    return {
        "runs": runs,
        "killed": dict(storm.crew.killed),
        "ended_by_themselves": len(storm.crew.ended),
        "happened": dict(sorted(storm.happened.items())),
        "faults_hit": {"all": storm.faults_hit.total(), **dict(sorted(storm.faults_hit.items()))},
        "edits": dict(sorted(storm.editor.made.items())),
        "requests": sums["requests"],
        "writes": sums["writes"],
        "taken_in": sums["taken"],
        "plays_sent": Play.objects.count(),
        "states_of_runs": dict(sorted(states.items())),
        "states_of_changes": dict(sorted(changes.items())),
        "takeovers": {"given up": states["abandoned"], "lost their lease": reports.lost_leases},
        "answers_lost": {
            "found done": Change.objects.filter(message=FOUND).count(),
            "found not done": Change.objects.filter(message=MISSED).count(),
        },
        "errors_in_logs": dict(reports.expected),
        "longest_overdue_s": round(storm.overdue, 1),
        "longest_given_up_s": round(invariants.longest_abandoned(storm.down), 1),
        "longest_run_s": round(invariants.longest_alive(), 1),
        "seconds": {name: round(value, 1) for name, value in clocks.items()},
    }
