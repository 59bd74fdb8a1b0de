"""What waits for a person's yes: the review tray."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.web.limits import limited
from accounts.web.pages import PersonRequest, page_of, person_action, person_page
from integrations.web.services import service_name
from syncing import queries
from syncing.services import reviewing
from syncing.web import telling


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
