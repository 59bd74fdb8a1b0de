"""Titles without a counterpart, and what a person says of them."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render, resolve_url

from accounts.web.limits import limited
from accounts.web.pages import PAGE_SIZE, PersonRequest, page_of, person_action, person_form, person_page
from integrations.queries import connections_for_user
from integrations.web.services import service_name
from library.models import Media
from library.services.matches import NOWHERE, matches_of
from library.words import quote_title
from syncing import queries
from syncing.models import Unmatched
from syncing.services import choosing
from syncing.web import candidates

PARKED_SHOWN = 100
"""A person has a handful; more than this is a fault that an operator sees."""
MAX_SEARCH = 100
"""Characters of a search that are looked at."""


@person_page
def unmatched(request: PersonRequest) -> HttpResponse:
    provider = request.GET.get("provider", "").replace("\x00", "")
    choices = Paginator(matches_of(request.user), PAGE_SIZE).get_page(request.GET.get("choices"))
    page = page_of(request, queries.unmatched_for_user(request.user, provider=provider))
    slugs = list(connections_for_user(request.user).values_list("provider", flat=True))
    context = {
        "page": page,
        "rows": candidates.tell_rows(page),
        "provider": provider,
        "tabs": [(slug, service_name(slug)) for slug in slugs] if len(slugs) > 1 else [],
        "service": service_name(provider) if provider in slugs else "",
        "choices": choices,
        "matches": candidates.tell_matches(choices),
        "here": _here(request),
        "parked": [candidates.tell_parked(row) for row in queries.parked_for_user(request.user)[:PARKED_SHOWN]],
    }
    return render(request, "syncing/unmatched.html", context)


def _here(request: PersonRequest) -> str:
    """Which part of the list a person looks at, as a query: after each answer they go on there."""
    kept = QueryDict(mutable=True)
    kept.update({name: request.GET[name] for name in ("provider", "page", "choices") if name in request.GET})
    return f"?{kept.urlencode()}" if kept else ""


def _back(request: PersonRequest) -> HttpResponse:
    return redirect(f"{resolve_url('unmatched')}{_here(request)}")


@person_form
@limited("change")
def unmatched_entry(request: PersonRequest, row_id: int) -> HttpResponse:
    """One entry of a service, with a search in the catalogue (`text` in the form)."""
    row = queries.unmatched_row_for_user(request.user, row_id)
    if row.media_id is not None:
        return redirect("work_match", media_id=row.media_id, slug=row.connection.provider)
    text = read_search(request)
    found = choosing.find_works(row, text) if text else []
    context = {
        "row": candidates.tell_row(row),
        "text": text,
        "here": _here(request),
        "found": candidates.show_found(found, row.kind, slug=row.connection.provider),
    }
    return render(request, "syncing/unmatched_entry.html", context)


def read_search(request: PersonRequest) -> str:
    # NUL is refused by PostgreSQL's text type, and no title holds one.
    return " ".join(request.POST.get("text", "").replace("\x00", "").split())[:MAX_SEARCH]


@person_action
@limited("change")
def choose(request: PersonRequest, row_id: int) -> HttpResponse:
    """`choice` in the form: this (with `value`), own or alone. Anything else changes nothing."""
    row = queries.unmatched_row_for_user(request.user, row_id)
    title = quote_title(candidates.tell_row(row).title)
    choice, value = request.POST.get("choice", ""), request.POST.get("value", "")
    if choice == "alone":
        choosing.leave_alone(request.user, row)
        messages.success(request, f"{title} is left alone from now on. You can undo that below.")
    elif choice == "own" and row.media_id is None:
        choosing.choose_own_work(request.user, row)
        messages.success(request, f"{title} is a title of its own. It is synced with the next run, which starts soon.")
    elif choice == "this" and _choose_this(request, row, value):
        messages.success(request, f"{title} is matched as you said, and synced with the next run, which starts soon.")
    else:
        messages.error(request, "Please choose one of the answers.")
    return _back(request)


def _choose_this(request: PersonRequest, row: Unmatched, value: str) -> bool:
    """False for what is neither a work of the same kind nor one of the offered ids."""
    if row.media is not None:
        if value not in {each.value for each in candidates.tell_row(row).candidates}:
            return False
        choosing.choose_entry(request.user, row.connection, media=row.media, external_id=value)
        return True
    if not value.isdecimal() or len(value) > 18:
        return False
    try:
        choosing.choose_work(request.user, row, media_id=int(value))
    except Media.DoesNotExist:
        return False
    return True


@person_action
@limited("change")
def match_undo(request: PersonRequest, match_id: int) -> HttpResponse:
    match = choosing.take_back(request.user, match_id=match_id)
    said = f"Your choice is forgotten. {service_name(match.provider)} is matched anew soon."
    if match.media is not None and not match.external_id.startswith(NOWHERE):
        said += f" If {quote_title(str(match.media))} is on your list, it stays there."
    messages.success(request, said)
    return _back(request)
