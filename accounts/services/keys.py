"""Personal access keys: for scripts and phone apps. A key is shown once; what is kept is its digest.

enishi_<8 to recognise it by>_<43: 256 random bits>. A plain SHA-256 is enough: nobody guesses 256 bits, so nothing is
gained by a slow hash, and each request would pay for it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import AccessKey, User

SCOPES = ("read", "sync", "write")
"""read: look at everything of one's own. sync: start and steer runs. write: change lists, links and settings."""
MOST_KEYS = 25
LONGEST_NAME = 80
USED_EVERY = timedelta(minutes=1)
"""`last_used_at` is written no oftener, so that reading a library page by page does not write page by page."""

_LETTERS = string.ascii_lowercase + string.digits
_SHAPE = re.compile(r"(enishi_[a-z0-9]{8})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class NewKey:
    """key: the whole of it, to be shown once."""

    row: AccessKey
    key: str = field(repr=False)


def create_key(user: User, *, name: str, scopes: Collection[str], expires_at: datetime | None = None) -> NewKey:
    """Raises ValidationError, by field: a name that is empty or long, unknown or no scopes, an end that has passed."""
    name = name.strip()
    _check(name, scopes, expires_at)
    prefix = f"enishi_{''.join(secrets.choice(_LETTERS) for _ in range(8))}"
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        # The person's row is the lock: two requests at once do not pass the limit together.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if AccessKey.objects.filter(user=user).count() >= MOST_KEYS:
            raise ValidationError(
                {"name": ValidationError(f"You have {MOST_KEYS} keys; revoke one first.", "too_many")}
            )
        row = AccessKey.objects.create(
            user=user,
            name=name,
            prefix=prefix,
            digest=_digest(secret),
            scopes=[scope for scope in SCOPES if scope in scopes],
            expires_at=expires_at,
        )
    return NewKey(row, f"{prefix}_{secret}")


def revoke_key(user: User, *, key_id: uuid.UUID) -> None:
    """Raises AccessKey.DoesNotExist, also when it is somebody else's."""
    AccessKey.objects.get(user=user, pk=key_id).delete()


def find_key(key: str) -> AccessKey | None:
    """The row of a key that is good just now, with its person; None for what is wrong, over or of someone put out."""
    found = _SHAPE.fullmatch(key)
    row = AccessKey.objects.select_related("user").filter(prefix=found[1]).first() if found else None
    digest = _digest(found[2]) if found else b""
    if row is None or not hmac.compare_digest(bytes(row.digest), digest):
        return None
    now = timezone.now()
    if not row.user.is_active or (row.expires_at is not None and row.expires_at <= now):
        return None
    if row.last_used_at is None or row.last_used_at <= now - USED_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lte=now - USED_EVERY)
        AccessKey.objects.filter(stale, pk=row.pk).update(last_used_at=now)
    return row


def _check(name: str, scopes: Collection[str], expires_at: datetime | None) -> None:
    errors: dict[str, ValidationError] = {}
    if not 0 < len(name) <= LONGEST_NAME:
        errors["name"] = ValidationError(f"A name has 1 to {LONGEST_NAME} characters.", "length")
    if not scopes or set(scopes) - set(SCOPES):
        errors["scopes"] = ValidationError(f"Choose one or more of {', '.join(SCOPES)}.", "unknown")
    if expires_at is not None and expires_at <= timezone.now():
        errors["expires_at"] = ValidationError("The end lies in the past.", "past")
    if errors:
        raise ValidationError(errors)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
