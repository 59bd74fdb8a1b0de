"""A person's own place of a work on services that count by shows."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.web.limits import limited
from accounts.web.pages import PersonRequest, person_form
from library.words import kind_words
from syncing.services import choosing, placing
from syncing.web.forms import PlaceForm


@person_form
@limited("change")
def place(request: PersonRequest, media_id: int) -> HttpResponse:
    """Where the work is on services that count by shows and seasons, by the person's own word."""
    media = choosing.work_for_user(request.user, media_id)
    name = placing.name_of(media)
    own = placing.own_place(request.user, media)
    if request.method == "POST" and request.POST.get("clear") == "1":
        placing.clear_place(request.user, media)
        choosing.look_again_by_shows(request.user, media=media)
        messages.success(request, "Your own place is forgotten; the public tables count again.")
        return redirect("work_matches", media_id=media.pk)
    form = PlaceForm(request.POST if request.method == "POST" else None, initial=own)
    if request.method == "POST" and name is not None and form.is_valid():
        placing.set_place(request.user, media, **form.cleaned_data)
        choosing.look_again_by_shows(request.user, media=media)
        messages.success(request, "Saved. It is looked at with the next run, which starts soon.")
        return redirect("work_matches", media_id=media.pk)
    context = {"media": media, "kind": kind_words(media.kind), "form": form, "own": own, "can_place": name is not None}
    return render(request, "syncing/place.html", context)
