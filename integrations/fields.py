"""A column for secrets: sealed to its row, opened when it is read, never shown by accident.

What it does not do: look anything up by value, write through `update()` or `bulk_update()` (they do not know the row),
appear in forms, admin pages or fixtures. Renaming a model or a field of this type needs a migration that seals anew.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Never
from uuid import UUID

from django.conf import settings
from django.core import checks
from django.core.exceptions import FieldError
from django.core.signals import setting_changed
from django.db import models
from django.db.models.lookups import Exact, IsNull, Lookup
from django.db.models.query_utils import DeferredAttribute

from integrations.crypto import Context, DecryptionError, Keyring, Secret, open_, seal


class Sealed(bytes):
    """An envelope as it lies in the database. A type of its own, so that other bytes are never taken for one."""

    __slots__ = ()


class OpenedSecret(Secret):
    """A secret as read from a row; it remembers its envelope, so that assigning it back does not seal anew."""

    __slots__ = ("context", "sealed")
    context: Context
    sealed: Sealed

    @classmethod
    def of(cls, sealed: Sealed, context: Context) -> OpenedSecret:
        """Raises DecryptionError."""
        opened = cls(open_(sealed, context, current_keyring()).reveal())
        object.__setattr__(opened, "sealed", sealed)
        object.__setattr__(opened, "context", context)
        return opened


@functools.cache
def current_keyring() -> Keyring:
    """The ring of settings.TOKEN_KEYS, parsed once a process. Raises KeyringError.

    settings.ALLOW_SAMPLE_KEYS (default False) admits the published test key.
    """
    return Keyring.parse(
        getattr(settings, "TOKEN_KEYS", ""),
        secret_key=str(settings.SECRET_KEY),
        allow_samples=getattr(settings, "ALLOW_SAMPLE_KEYS", False),
    )


def _forget_keyring(*, setting: str, **kwargs: Any) -> None:
    if setting in ("TOKEN_KEYS", "SECRET_KEY", "ALLOW_SAMPLE_KEYS"):
        current_keyring.cache_clear()


setting_changed.connect(_forget_keyring, dispatch_uid="integrations.fields.keyring")


class NullOnly(Exact):
    """`filter(token=None)` asks whether there is one. Any other value is refused: equal texts seal differently."""

    def __init__(self, lhs: Any, rhs: Any) -> None:
        if rhs is not None:
            raise FieldError(f"{lhs.target.name} is sealed and cannot be searched by value; only isnull is possible")
        super().__init__(lhs, rhs)


class NoLookup(Exact):
    """Every other lookup. It is refused when it is used, not when it is asked for: type checkers ask."""

    def __init__(self, lhs: Any, rhs: Any) -> None:
        raise FieldError(f"{lhs.target.name} is sealed and cannot be searched by value; only isnull is possible")


class SealedAttribute(DeferredAttribute):
    """On an instance: a str or Secret that waits to be sealed, a Sealed as loaded, or None."""

    field: EncryptedTextField

    def __get__(self, instance: models.Model | None, cls: type[models.Model] | None = None) -> Any:
        """A Secret or None. Opened at each access (about 10 µs), so that no plain text stays in memory with the row.

        Raises DecryptionError.
        """
        held = super().__get__(instance, cls)
        if instance is None or not isinstance(held, Sealed):
            return held
        context = self.field.context_of(instance)
        try:
            return OpenedSecret.of(held, context)
        except DecryptionError as error:
            error.add_note(f"in {context.field} of {context.model} {context.row}")
            raise

    def __set__(self, instance: models.Model, value: object) -> None:
        instance.__dict__[self.field.attname] = self._hold(instance, value)

    def _hold(self, instance: models.Model, value: object) -> Secret | Sealed | None:
        if isinstance(value, OpenedSecret) and instance.__dict__.get(instance._meta.pk.attname) is not None:
            # `refresh_from_db` reads and assigns: keep the envelope if it is this row's own.
            return value.sealed if value.context == self.field.context_of(instance) else Secret(value.reveal())
        if value is None or isinstance(value, Secret | Sealed):
            return value
        if isinstance(value, str):
            return Secret(value)
        raise TypeError(f"{self.field.name} takes a str, a Secret or None, not {type(value).__name__}")


if TYPE_CHECKING:
    # What may be assigned, and what is read.
    _Column = models.BinaryField[str | Secret | Sealed | None, Secret | None]
else:
    _Column = models.BinaryField


class EncryptedTextField(_Column):
    """Text of any length, stored as an envelope of `integrations.crypto` bound to (model label, pk, field name).

    Assign a str, a Secret or None; reading gives a Secret or None. The row's primary key must be a UUID that is set
    before the insert. `values()` and `values_list()` give the sealed bytes. A bad row loads; reading the field raises
    DecryptionError (so does a full `refresh_from_db`, which reads every field). A row copied under another key refuses
    to be saved until the field is set again.
    """

    description = "Sealed text"
    descriptor_class = SealedAttribute
    empty_values = [None]

    def __init__(self, *args: Any, **options: Any) -> None:
        # Not in forms and admin pages; not in fixtures, where even a sealed token would only be half a backup.
        options.update(editable=False, serialize=False)
        super().__init__(*args, **options)

    def deconstruct(self) -> tuple[str, str, Any, dict[str, Any]]:
        name, path, args, options = super().deconstruct()
        options.pop("serialize", None)
        return name, path, args, options

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        problems = super().check(**kwargs)
        if not isinstance(self.model._meta.pk, models.UUIDField) or not self.model._meta.pk.has_default():
            problems.append(
                checks.Error(
                    "a sealed field needs a UUID primary key with a default",
                    obj=self,
                    id="integrations.E001",
                )
            )
        if self.unique or getattr(self, "db_index", False) or self.has_default() or self.choices:
            problems.append(
                checks.Error(
                    "a sealed field has no index, default or choices",
                    obj=self,
                    id="integrations.E002",
                )
            )
        return problems

    def context_of(self, instance: models.Model) -> Context:
        """Raises ValueError while the row has no key."""
        key = instance.pk
        if key is None:
            raise ValueError(f"{self.name} can only be sealed or read once the row has its primary key")
        row = key if isinstance(key, UUID) else UUID(str(key))
        return Context(model=self.model._meta.label_lower, row=row, field=self.name)

    # From and to the database ----------------------------------------------------------------------------

    def from_db_value(self, value: Any, expression: object, connection: object) -> Sealed | None:
        return None if value is None else Sealed(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> Sealed | None:
        """Seals what waits, and puts the envelope in its place, so that the plain text goes.

        A new row with an envelope is a copy of another row: it must open here, or the save is refused. In an update the
        envelope is the row's own and is written back as it is, even when it cannot be opened.
        """
        if self.attname not in model_instance.__dict__:
            getattr(model_instance, self.attname)
        held: Secret | Sealed | None = model_instance.__dict__[self.attname]
        if isinstance(held, Secret):
            held = Sealed(seal(held, self.context_of(model_instance), current_keyring()))
            model_instance.__dict__[self.attname] = held
        elif isinstance(held, Sealed) and add:
            OpenedSecret.of(held, self.context_of(model_instance))
        return held

    def get_prep_value(self, value: Any) -> Any:
        if value is None or isinstance(value, Sealed) or hasattr(value, "resolve_expression"):
            return value
        raise TypeError(
            f"{self.name} is sealed to its row, which is not known here (update, bulk_update); "
            f"set it on the instance and call save(update_fields=[{self.name!r}])"
        )

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return super().get_db_prep_value(self.get_prep_value(value), connection, prepared=True)

    # Kept out of everything else -------------------------------------------------------------------------

    def to_python(self, value: Any) -> Any:
        """For `full_clean()`: unchanged. Text from a fixture is refused."""
        if value is None or isinstance(value, Secret | Sealed):
            return value
        raise TypeError(f"{self.name} is not read from fixtures or forms")

    def value_from_object(self, obj: models.Model) -> Secret | None:
        """A mask without the text, for whoever walks over all fields."""
        return None if obj.__dict__.get(self.attname) is None else Secret("****")

    def value_to_string(self, obj: models.Model) -> Never:
        raise TypeError(f"{self.name} is never written to a fixture; move the database itself instead")

    def formfield(self, *args: Any, **kwargs: Any) -> None:
        return None

    def get_lookup(self, lookup_name: str) -> type[Lookup[Any]]:
        return {"isnull": IsNull, "exact": NullOnly}.get(lookup_name, NoLookup)

    def get_transform(self, lookup_name: str) -> None:
        return None
