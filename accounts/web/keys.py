"""Access keys: what there is, a new one (shown this once), and an end to one."""

from __future__ import annotations

import uuid
from datetime import timedelta

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.forms import KeyForm
from accounts.models import AccessKey
from accounts.queries import keys_for_user
from accounts.services.keys import NewKey, create_key, revoke_key
from accounts.web.limits import limited
from accounts.web.pages import PersonRequest, person_action, person_form


@person_form
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
@limited("change")
def keys(request: PersonRequest) -> HttpResponse:
    """The new key is in the answer to the POST itself: it lies in no session and no message."""
    form, made = KeyForm(request.POST if request.method == "POST" else None), None
    if request.method == "POST" and form.is_valid():
        made = _make(request, form)
    if made is not None:
        form = KeyForm()
    now = timezone.now()
    rows = [{"row": row, "is_over": row.expires_at is not None and row.expires_at <= now} for row in _rows(request)]
    return render(request, "accounts/keys.html", {"form": form, "made": made, "rows": rows})


def _rows(request: PersonRequest) -> list[AccessKey]:
    return list(keys_for_user(request.user))


def _make(request: PersonRequest, form: KeyForm) -> NewKey | None:
    days = form.cleaned_data["days"]
    end = timezone.now() + timedelta(days=days) if days else None
    name, scopes = form.cleaned_data["name"], form.cleaned_data["scopes"]
    try:
        return create_key(request.user, name=name, scopes=scopes, expires_at=end)
    except ValidationError as error:
        form.add_error(None, error.messages[0])
        return None


@person_action
@limited("change")
def revoke(request: PersonRequest, key_id: uuid.UUID) -> HttpResponse:
    revoke_key(request.user, key_id=key_id)
    messages.success(request, "The key is revoked. Nothing can be done with it any more.")
    return redirect("access_keys")
