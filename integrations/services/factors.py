"""Secrets of second factors (authenticator apps, recovery codes), sealed with the ring that seals tokens.

allauth hands over text without its row, so an envelope is bound to this place only: whoever could move one between rows
could as well remove the factor. Values in Authenticator.data: base64 of `integrations.crypto` envelopes.
"""

from __future__ import annotations

import base64
from collections import Counter
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db import transaction

from integrations.crypto import Context, DecryptionError, key_id_of, open_, seal, show_key_id
from integrations.fields import current_keyring

PLACE = Context(model="mfa.authenticator", row=UUID(int=0), field="data")
NAMES = ("secret", "seed")
"""Which values of `data` are sealed: of an authenticator app, of recovery codes. A passkey has no secret here."""


def seal_factor(text: str) -> str:
    return base64.b64encode(seal(text, PLACE, current_keyring())).decode()


def open_factor(sealed: str) -> str:
    """Raises DecryptionError."""
    return open_(base64.b64decode(sealed), PLACE, current_keyring()).reveal()


def factors_per_key() -> Counter[str]:
    """{key id: sealed values}."""
    return Counter(
        show_key_id(key_id_of(base64.b64decode(data[name])))
        for data in Authenticator.objects.values_list("data", flat=True).iterator()
        for name in NAMES
        if name in data
    )


def rotate_factors(*, dry_run: bool) -> tuple[int, list[str]]:
    """Seals anew what is not under the first key, row by row. Returns how many, and rows that do not open."""
    moved, unreadable = 0, []
    for key in list(Authenticator.objects.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().filter(pk=key).first()
            try:
                fresh = _resealed(row.data) if row is not None else {}
            except DecryptionError:
                unreadable.append(str(key))
                continue
            moved += len(fresh)
            if row is not None and fresh and not dry_run:
                row.data = {**row.data, **fresh}
                row.save(update_fields=["data"])
    return moved, unreadable


def _resealed(data: dict[str, Any]) -> dict[str, str]:
    """Only what is under another key than the first."""
    old = {name: data[name] for name in NAMES if name in data}
    first = current_keyring().first
    return {
        name: seal_factor(open_factor(value))
        for name, value in old.items()
        if key_id_of(base64.b64decode(value)) != first
    }
