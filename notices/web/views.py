"""The page of notifications: where a person is told, and of what."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from accounts.web.limits import limited
from accounts.web.pages import PersonRequest, person_action, person_page
from notices import queries
from notices.services import channels, trying
from notices.web.forms import EventsForm, NewChannelForm

RECENT = 10


@person_page
def notifications(request: PersonRequest) -> HttpResponse:
    return _show(request, NewChannelForm())


def _show(
    request: PersonRequest, new: NewChannelForm, *, made: dict[str, str] | None = None, status: int = 200
) -> HttpResponse:
    rows = [
        {"channel": row, "form": EventsForm(initial={"events": row.events}, auto_id=f"id_{row.pk}_%s")}
        for row in queries.channels_for_user(request.user)
    ]
    context = {
        "rows": rows,
        "new": new,
        "made": made,
        "notices": queries.notices_for_user(request.user)[:RECENT],
    }
    response = render(request, "notices/notifications.html", context, status=status)
    if made:
        response["Cache-Control"] = "no-store, private"
    return response


@sensitive_post_parameters("address")
@sensitive_variables("form", "secret")
@person_action
@limited("link")
def add(request: PersonRequest) -> HttpResponse:
    form = NewChannelForm(request.POST)
    if not form.is_valid():
        return _show(request, form, status=400)
    try:
        channel, secret = channels.add_channel(request.user, **form.cleaned_data)
    except channels.ChannelRefused as error:
        form.add_error(error.field or None, error.message)
        return _show(request, form, status=400)
    if secret:
        return _show(request, NewChannelForm(), made={"shown": channel.shown, "secret": secret})
    messages.success(request, "Added. Try it, to be sure that it works.")
    return redirect("notifications")


@person_action
@limited("change")
def change(request: PersonRequest, channel_id: UUID) -> HttpResponse:
    """`events` of the form, and `is_on`: 1 or 0."""
    form = EventsForm(request.POST)
    if form.is_valid():
        channels.change_channel(
            request.user,
            channel_id=channel_id,
            events=form.cleaned_data["events"],
            is_on=request.POST.get("is_on", "1") == "1",
        )
        messages.success(request, "Saved.")
    else:
        messages.error(request, "Please choose among what is offered.")
    return redirect("notifications")


@person_action
@limited("change")
def remove(request: PersonRequest, channel_id: UUID) -> HttpResponse:
    channels.drop_channel(request.user, channel_id=channel_id)
    messages.success(request, "Removed.")
    return redirect("notifications")


@person_action
@limited("link")
def try_one(request: PersonRequest, channel_id: UUID) -> HttpResponse:
    trying.try_channel(request.user, channel_id=channel_id)
    messages.success(request, "A trial is under way. Below you see in a moment whether it arrived.")
    return redirect("notifications")
