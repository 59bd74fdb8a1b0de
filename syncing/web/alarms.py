"""What operators see of what is wrong. Served under /admin/, to staff who may see runs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from syncing.services.alarms import AT_MOST, Alarm, read_alarms, services_of

_WORDS = {
    "run": "Runs of the last hour that failed on our side: {detail}",
    "stuck": "Connections that keep failing: {detail}",
    "leases_unswept": "Connections whose worker died, and that nobody takes back. Do the control workers run?",
    "entries_set_aside": "Titles that are set aside, since our own code fails on them. The log names them by id.",
    "entries_not_understood": "Titles that our own code cannot match or compare. The log names them by id.",
    "budgets_unknown": "Our request counter in Redis is away: {service} is not asked for anything.",
    "away": "{service} has not been reachable for more than an hour.",
    "overdue": "Lists on {service} that should have been looked at more than an hour ago. Workers are missing, or its "
    "budget is spent.",
    "people_wait": "People who have waited for {service} for more than an hour.",
}
_DETAILS = {
    "app_rejected": "the site's own registration was refused; look at its client id and secret",
    "storage": "our database or Redis was away",
    "malformed": "a service answered in a way that we do not understand",
    "internal": "an error in our code; the log has it whole",
    "worker_lost": "their workers die again and again, perhaps of them",
}


@require_safe
def show_alarms(request: HttpRequest) -> HttpResponse:
    """Behind `admin.site.admin_view`, which asks for a member of staff."""
    if not admin.site.has_permission(request) or not request.user.has_perm("syncing.view_syncrun"):
        raise PermissionDenied
    context = {
        **admin.site.each_context(request),
        "title": "Alarms",
        "alarms": [_tell(alarm) for alarm in read_alarms()],
    }
    return render(request, "admin/alarms.html", context)


def _tell(alarm: Alarm) -> dict[str, Any]:
    head = alarm.code.partition(".")[0]
    kind, _, detail = head.partition("_")
    words = _WORDS.get(head) or _WORDS.get(kind) or head
    return {
        "code": alarm.code,
        "words": words.format(detail=_DETAILS.get(detail, detail), service=services_of(alarm)),
        "count": f"{alarm.count} or more" if alarm.count >= AT_MOST else str(alarm.count),
        "since": alarm.since,
    }
