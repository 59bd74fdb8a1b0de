"""All that is kept of a person, and the way out."""

from __future__ import annotations

from collections.abc import Callable

from allauth.account.decorators import reauthentication_required
from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import render

from accounts.models import User
from accounts.services.erasing import erase_person
from accounts.web.limits import limited
from accounts.web.pages import PersonRequest, View, person_form
from integrations.queries import connections_for_user
from integrations.services.revoking import shares_access
from integrations.web.services import service_name
from library.web.listing import count_entries
from syncing.services import belongings, exporting
from syncing.web.file_forms import EraseForm
from syncing.web.files import give

_confirmed: Callable[[View], View] = reauthentication_required(allow_get=True)
"""Asks for the password once more before a POST; then that is carried out."""


@person_form
@_confirmed
@limited("files")
def export_account(request: PersonRequest) -> HttpResponse:
    """What is in it on GET; on POST the file, after the password once more."""
    if request.method != "POST":
        context = {"tables": belongings.TABLES, "left_out": belongings.NOT_EXPORTED.values()}
        return render(request, "syncing/export_account.html", context)
    pieces = exporting.export_account(request.user)
    return give(pieces, content_type="application/zip", name="enishi-account", ending="zip")


@person_form
@_confirmed
@limited("change")
def erase_account(request: PersonRequest) -> HttpResponse:
    """What goes on GET; on POST it goes, after the password once more and the address typed in full."""
    linked = list(connections_for_user(request.user))
    shared = [service_name(each.provider) for each in linked if shares_access(each)]
    form = EraseForm(request.POST if request.method == "POST" else None, user=request.user, shared=shared)
    if request.method == "POST" and form.is_valid():
        erase_person(User.objects.get(pk=request.user.pk), shared_access=form.cleaned_data.get("shared_access", False))
        logout(request)
        return render(request, "syncing/erased.html")
    context = {
        "form": form,
        "counts": count_entries(request.user),
        "services": [service_name(each.provider) for each in linked],
    }
    return render(request, "syncing/erase_account.html", context)
