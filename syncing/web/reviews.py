"""What waits for a person: the review tray, and the titles that found no counterpart."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.web.limits import limited
from accounts.web.pages import PersonRequest, page_of, person_action, person_page
from integrations.providers import registry
from integrations.web.services import service_name
from library.entry import Kind
from library.words import kind_words
from syncing import queries
from syncing.models import Unmatched
from syncing.services import reviewing
from syncing.web import telling

_REASONS = {
    "duplicate": "{service} has the same title twice; only one of the two is synced.",
    "not_there": "{service} does not seem to have this title.",
    "unknown": "No match was found for this title yet.",
}


@person_page
def reviews(request: PersonRequest) -> HttpResponse:
    page = page_of(request, queries.reviews_for_user(request.user), size=20)
    return render(request, "syncing/reviews.html", {"page": page, "questions": [telling.ask(row) for row in page]})


@person_action
@limited("change")
def decide(request: PersonRequest, review_id: int) -> HttpResponse:
    """`choice` in the form is one of those the page offered; anything else changes nothing."""
    review = queries.review_for_user(request.user, review_id)
    offered = {choice.value for choice in telling.ask(review).choices}
    choice = request.POST.get("choice", "")
    if choice not in offered:
        messages.error(request, "Please choose one of the answers.")
        return redirect("reviews")
    reviewing.decide(request.user, review_id=review.pk, choice=choice)
    if review.topic == "first_plan":
        messages.success(request, _first_plan_words(choice, service_name(review.connection.provider)))
        return redirect("home")
    messages.success(request, "Thank you, that is noted.")
    return redirect("reviews")


def _first_plan_words(choice: str, service: str) -> str:
    if choice == "approve":
        return f"Approved. {service} is being synced now."
    return f"Discarded. Nothing was changed; {service} stays linked, and rests until you let it go on."


@person_page
def unmatched(request: PersonRequest) -> HttpResponse:
    page = page_of(request, queries.unmatched_for_user(request.user))
    context = {
        "page": page,
        "rows": [_unmatched_row(row) for row in page],
        "parked": queries.parked_for_user(request.user)[:PARKED_SHOWN],
    }
    return render(request, "syncing/unmatched.html", context)


PARKED_SHOWN = 100
"""A person has a handful; more than this is a fault that an operator sees."""


def _unmatched_row(row: Unmatched) -> dict[str, Any]:
    provider = row.connection.provider
    media_title = row.media.title if row.media is not None else ""
    return {
        "title": row.title or media_title or f"{kind_words(row.kind)} {row.remote_id}",
        "kind": kind_words(row.kind),
        "where": f"On {service_name(provider)}" if row.remote_id else "In your library",
        "url": _media_url(provider, row),
        "reason": _REASONS.get(row.reason, _REASONS["unknown"]).format(service=service_name(provider)),
        "retry_at": row.retry_at,
    }


def _media_url(slug: str, row: Unmatched) -> str:
    if not row.remote_id or row.kind not in tuple(Kind):
        return ""
    try:
        return registry.get(slug).media_url(Kind(row.kind), row.remote_id)
    except registry.UnknownProvider:
        return ""
