"""Home, runs, and what a person does to them: sync now, pause, preview, undo."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.web.limits import limited
from accounts.web.pages import PersonRequest, page_of, person_action, person_page
from integrations.models import ConnectionState
from integrations.web.services import linkable_providers, provider_or_404, service_name
from library.web.listing import count_entries
from library.words import quote_title
from syncing import queries
from syncing.models import RunState, SyncRun
from syncing.services import importing, previewing, scheduling, undoing
from syncing.web import telling
from syncing.web.words import Narrator

SHOWN = {"": "All", "library": "In your library", "service": "On {service}", "failed": "Not done"}

BUSY = (RunState.QUEUED, RunState.RUNNING)


def home(request: HttpRequest) -> HttpResponse:
    """The dashboard; for strangers, what this is."""
    if not request.user.is_authenticated:
        return render(request, "landing.html", {"services": linkable_providers()})
    return dashboard(request)


@person_page
def dashboard(request: PersonRequest) -> HttpResponse:
    standings = queries.standings_for_user(request.user)
    linked = {standing.connection.provider for standing in standings}
    cards = [_card(standing) for standing in standings]
    context = {
        "cards": cards,
        "is_live": any(card["badge"].tone == "busy" for card in cards),
        "unlinked": [provider for provider in linkable_providers() if provider.slug not in linked],
        "step": _step(standings),
        "runs": [_run_row(run) for run in queries.runs_for_user(request.user)[: queries.RECENT]],
        "counts": count_entries(request.user),
    }
    return render(request, "syncing/dashboard.html", context)


def _step(standings: list[queries.Standing]) -> int:
    """Where a newcomer is: 1 link a service, 2 look at the preview, 3 link a second service, 0 under way."""
    if not standings:
        return 1
    if not any(standing.connection.last_synced_at for standing in standings):
        return 2
    return 3 if len(standings) == 1 else 0


def _card(standing: queries.Standing) -> dict[str, Any]:
    connection, schedule, outage = standing.connection, standing.schedule, standing.outage
    resting = connection.state != ConnectionState.ACTIVE or schedule is None or not schedule.is_on
    # Due by the clock; who only syncs when they ask has no such time.
    resting = resting or not (connection.automatic or standing.is_busy)
    due = None if resting or schedule is None else max(filter(None, (schedule.due_at, schedule.not_before)))
    return {
        "standing": standing,
        "connection": connection,
        "service": service_name(connection.provider),
        "badge": telling.judge_standing(standing),
        "outage": telling.outage_words(outage, service_name(connection.provider)) if outage and not resting else "",
        "due": None if outage else due,
        "last": _run_row(standing.last) if standing.last else None,
        "can_sync": connection.state == ConnectionState.ACTIVE and not standing.is_busy,
    }


def _run_row(run: SyncRun) -> dict[str, Any]:
    return {
        "run": run,
        "title": telling.run_title(run),
        "trigger": telling.run_trigger(run),
        "badge": telling.judge_run(run),
        "figures": telling.run_figures(run),
    }


@person_page
def runs(request: PersonRequest) -> HttpResponse:
    # NUL is refused by PostgreSQL's text type, and no service is called so.
    provider = request.GET.get("provider", "").replace("\x00", "")
    page = page_of(request, queries.runs_for_user(request.user, provider=provider), size=30)
    context = {
        "page": page,
        "rows": [_run_row(run) for run in page],
        "provider": provider,
        "services": linkable_providers(),
    }
    return render(request, "syncing/runs.html", context)


@person_page
def edits(request: PersonRequest) -> HttpResponse:
    """What the person changed here by hand."""
    page = page_of(request, queries.edits_for_user(request.user))
    narrator = Narrator(None, slug="")
    context = {"page": page, "changes": narrator.tell(page), "services": linkable_providers(), "edits": True}
    return render(request, "syncing/edits.html", context)


@person_page
def run(request: PersonRequest, run_id: UUID) -> HttpResponse:
    """One run with its changes; for a preview, what would change, and the way to say yes."""
    found = queries.run_for_user(request.user, run_id)
    show = request.GET.get("show", "")
    show = show if show in SHOWN else ""
    page = page_of(request, queries.changes_for_run(request.user, found, show=show))
    narrator = Narrator(found.connection, slug=found.provider)
    tally = queries.tally_run(request.user, found)
    review = queries.review_of_run(request.user, found)
    context = {
        **_run_row(found),
        "page": page,
        "changes": narrator.tell(page),
        "service": narrator.service,
        "tally": tally,
        "tabs": [(key, label.format(service=narrator.service), _tab_count(tally, key)) for key, label in SHOWN.items()],
        "show": show,
        "question": telling.ask(review) if review else None,
        "is_live": found.state in BUSY,
        "can_undo": bool(tally.undoable) and found.state not in BUSY,
        "is_file": found.provider == importing.FILE,
        "planned": queries.planned_of_run(request.user, found),
    }
    return render(request, "syncing/run.html", context)


def _tab_count(tally: queries.Tally, key: str) -> int:
    return int(getattr(tally, key or "all"))


@person_action
@limited("sync")
def sync_now(request: PersonRequest, slug: str) -> HttpResponse:
    provider = provider_or_404(slug)
    scheduling.request_sync(
        request.user, provider=provider.slug, full=request.POST.get("full") == "1", trigger="person"
    )
    messages.success(request, f"{provider.name} is synced as soon as its turn comes, usually within seconds.")
    return redirect("home")


@person_action
@limited("sync")
def preview(request: PersonRequest, slug: str) -> HttpResponse:
    provider = provider_or_404(slug)
    previewing.request_preview(request.user, provider=provider.slug)
    messages.success(request, f"We are working out what a sync with {provider.name} would change. Nothing is changed.")
    return redirect("home")


@person_action
@limited("sync")
def pause(request: PersonRequest, slug: str) -> HttpResponse:
    """`paused` in the form: 1 = pause, 0 = go on."""
    provider = provider_or_404(slug)
    paused = request.POST.get("paused") == "1"
    scheduling.set_paused(request.user, provider=provider.slug, paused=paused)
    messages.success(request, f"{provider.name} is paused." if paused else f"{provider.name} is synced again.")
    return redirect("home")


@person_action
@limited("sync")
def undo_run(request: PersonRequest, run_id: UUID) -> HttpResponse:
    found = queries.run_for_user(request.user, run_id)
    try:
        undo = undoing.undo_run(request.user, run_id=found.pk)
    except undoing.CannotUndo as error:
        messages.error(request, str(error))
        return redirect("run", run_id=found.pk)
    messages.success(request, "This run is being put back. What was edited since stays as it is.")
    return redirect("run", run_id=undo.pk)


@person_action
@limited("change")
def undo_change(request: PersonRequest, change_id: int) -> HttpResponse:
    """Back to the page of the run in which the change happened."""
    change = queries.change_for_user(request.user, change_id)
    back = redirect("run", run_id=change.run_id) if change.run_id else redirect("edits")
    try:
        waiting = undoing.undo_change(request.user, change_id=change.pk)
    except undoing.CannotUndo as error:
        messages.error(request, str(error))
        return back
    when = "is put back as it was" if waiting is None else "will be put back as it was in a moment"
    messages.success(request, f"{quote_title(change.title)} {when}.")
    return back
