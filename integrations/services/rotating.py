"""Bringing every sealed value under the first key of the ring, while the service runs.

The database is the only state: a run that was killed is continued by starting another one. A key may leave the ring
when `rows_per_key()` no longer names it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core import checks
from django.db import connections, models, router, transaction
from django.db.models import BinaryField, Count, ExpressionWrapper, F, Q
from django.db.models.functions import Substr

from integrations.crypto import (
    KEY_ID_BYTES,
    Context,
    DecryptionError,
    Keyring,
    KeyringError,
    open_,
    seal,
    show_key_id,
)
from integrations.fields import EncryptedTextField, Sealed, current_keyring
from integrations.services.factors import factors_per_key, rotate_factors


@dataclass(frozen=True, slots=True)
class Place:
    """One sealed column."""

    model: type[models.Model]
    field: EncryptedTextField

    def __str__(self) -> str:
        return f"{self.model._meta.label}.{self.field.name}"

    @property
    def database(self) -> str:
        return router.db_for_write(self.model)

    def rows(self) -> models.QuerySet[Any]:
        """Rows that hold a value, with `sealed_bytes` (the envelope) and `sealed_under` (its padded key id)."""
        manager: Any = self.model._base_manager
        rows: models.QuerySet[Any] = (
            manager.using(self.database)
            .filter(**{f"{self.field.name}__isnull": False})
            .annotate(
                sealed_bytes=ExpressionWrapper(F(self.field.name), output_field=BinaryField()),
                sealed_under=Substr(F(self.field.name), 2, KEY_ID_BYTES, output_field=BinaryField()),
            )
        )
        return rows

    def context(self, row: UUID) -> Context:
        return Context(model=self.model._meta.label_lower, row=row, field=self.field.name)


@dataclass(slots=True)
class Tally:
    """What a rotation did. unreadable: (place, primary key) of values that do not open.

    moved: sealed anew (in a dry run: would be). overtaken: changed by somebody else meanwhile, theirs stays.
    """

    moved: int = 0
    overtaken: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list)


def sealed_places() -> list[Place]:
    """Every column of type EncryptedTextField of every installed model, found by introspection."""
    return [
        Place(model, column)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
        for column in model._meta.local_concrete_fields
        if isinstance(column, EncryptedTextField)
    ]


def rows_per_key() -> dict[str, int]:
    """{key id: sealed values under it}, over all columns and second factors. One query each."""
    counts: Counter[str] = Counter()
    for place in sealed_places():
        for key, rows in place.rows().order_by().values_list("sealed_under").annotate(rows=Count("pk")):
            counts[show_key_id(bytes(key))] += rows
    counts += factors_per_key()
    return dict(sorted(counts.items()))


def missing_keys() -> dict[str, int]:
    """{key id: values} that were sealed under keys which the ring does not hold. Raises KeyringError."""
    held = set(current_keyring().ids)
    return {key: rows for key, rows in rows_per_key().items() if key not in held}


def check_keyring(token_keys: str, *, secret_key: str, allow_samples: bool = False) -> list[checks.CheckMessage]:
    """For a system check at start: one Error with its cure when the ring cannot be used, else nothing."""
    try:
        Keyring.parse(token_keys, secret_key=secret_key, allow_samples=allow_samples)
    except KeyringError as error:
        return [checks.Error(str(error), id="integrations.E010")]
    return []


def rotate(*, batch: int = 500, dry_run: bool = False) -> Tally:
    """Seals anew what is not under the first key.

    First everywhere in batches that step over rows somebody has locked, then once more row by row for those. Each
    value is replaced only where the old envelope still stands, so a token refreshed meanwhile wins.
    """
    tally = Tally()
    for place in sealed_places():
        for keys in _batches(place, batch):
            _rotate_batch(place, keys, tally=tally, dry_run=dry_run)
    if not dry_run:
        failed = set(tally.unreadable)
        for place in sealed_places():
            for row in (row for keys in _batches(place, batch) for row in keys):
                if (str(place), str(row)) not in failed:
                    _rotate_row(place, row, tally=tally)
    moved, unreadable = rotate_factors(dry_run=dry_run)
    tally.moved += moved
    tally.unreadable += [("mfa.Authenticator", key) for key in unreadable]
    return tally


def _pending(place: Place) -> models.QuerySet[Any]:
    return place.rows().filter(~Q(sealed_under=current_keyring().first)).order_by("pk")


def _batches(place: Place, size: int) -> Iterator[list[UUID]]:
    """Primary keys of what is pending now, in order, `size` at a time. No cursor stays open between batches."""
    after: UUID | None = None
    while True:
        pending = _pending(place) if after is None else _pending(place).filter(pk__gt=after)
        keys = list(pending.values_list("pk", flat=True)[:size])
        if not keys:
            return
        yield keys
        after = keys[-1]


def _rotate_batch(place: Place, keys: list[UUID], *, tally: Tally, dry_run: bool) -> None:
    skips = connections[place.database].features.has_select_for_update_skip_locked
    with transaction.atomic(using=place.database):
        rows = _pending(place).filter(pk__in=keys)
        if not dry_run and skips:
            rows = rows.select_for_update(skip_locked=True)
        for row, envelope in rows.values_list("pk", "sealed_bytes"):
            _reseal(place, row, envelope=bytes(envelope), tally=tally, dry_run=dry_run)


def _rotate_row(place: Place, row: UUID, *, tally: Tally) -> None:
    """Waits for whoever holds the row, in the update itself; holds no other row meanwhile."""
    envelope = _pending(place).filter(pk=row).values_list("sealed_bytes", flat=True).first()
    if envelope is not None:
        _reseal(place, row, envelope=bytes(envelope), tally=tally, dry_run=False)


def _reseal(place: Place, row: UUID, *, envelope: bytes, tally: Tally, dry_run: bool) -> None:
    context, keyring = place.context(row), current_keyring()
    try:
        secret = open_(envelope, context, keyring)
    except DecryptionError:
        tally.unreadable.append((str(place), str(row)))
        return
    if dry_run or swap(place, row, old=envelope, new=seal(secret, context, keyring)):
        tally.moved += 1
    else:
        tally.overtaken += 1


def swap(place: Place, row: UUID, *, old: bytes, new: bytes) -> bool:
    """Compare and set in one UPDATE: False when the row no longer holds `old`."""
    holders = place.rows().filter(pk=row, sealed_bytes=old)
    return holders.update(**{place.field.name: Sealed(new)}) == 1
