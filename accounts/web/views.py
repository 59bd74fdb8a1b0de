"""The account page: sign-in data, time zone, the way out."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.forms import PreferencesForm
from accounts.services.preferences import set_timezone
from accounts.web.limits import limited
from accounts.web.pages import PersonRequest, person_form


@person_form
@limited("change")
def account(request: PersonRequest) -> HttpResponse:
    form = PreferencesForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        set_timezone(request.user, timezone=form.cleaned_data["timezone"])
        messages.success(request, "Saved.")
        return redirect("account")
    return render(request, "accounts/account.html", {"form": form})
