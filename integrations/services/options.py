"""What a person may set on a connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.db import transaction

from integrations import queries, signals
from integrations.models import Connection, ConnectionState, Direction, Policy, Removals
from integrations.providers import registry
from integrations.providers.base import Option
from integrations.services.refusals import OptionError
from integrations.services.sessions import chosen_options
from library.entry import FIELDS, Kind

if TYPE_CHECKING:
    from accounts.models import User

SHORTEST_INTERVAL = 15
LONGEST_INTERVAL = 10_080
"""Minutes: a week."""


def set_options(user: User, *, provider: str, **options: Any) -> Connection:
    """Changes what was given, all or nothing. Raises Connection.DoesNotExist, and OptionError that names each fault.

    direction, policy, removals: as in the models. fields: names of entry fields; kinds: "anime", "manga"; an empty
    list means all. interval_minutes: 15..10080; intervals: {kind: minutes} for kinds that have one of their own.
    automatic, adapts, asks_first: bool. options: {name: choice} of what the provider alone asks; those that are not
    named stay.
    """
    with transaction.atomic():
        row = queries.lock_connection_for_user(user, provider)
        if row.state == ConnectionState.UNLINKED:
            raise Connection.DoesNotExist
        values = clean_options(row.provider, options)
        if "options" in values:
            values["options"] = chosen_options(registry.get(row.provider), row) | values["options"]
        changed = frozenset(name for name, value in values.items() if getattr(row, name) != value)
        if changed:
            for name in changed:
                setattr(row, name, values[name])
            row.save(update_fields=changed)
            signals.connection_changed.send(Connection, connection=row, names=changed)
    return row


def clean_options(slug: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they may be stored. Raises OptionError."""
    provider = registry.get(slug)
    kinds = [kind for kind in Kind if kind in provider.kinds]
    checks: dict[str, Callable[[Any], Any]] = {
        "direction": lambda value: _one_of(value, Direction.values),
        "policy": lambda value: _one_of(value, Policy.values),
        "removals": lambda value: _one_of(value, Removals.values),
        "fields": lambda value: _some_of(value, FIELDS),
        "kinds": lambda value: _some_of(value, tuple(str(kind) for kind in kinds)),
        "interval_minutes": _minutes,
        "intervals": lambda value: _minutes_by_kind(value, tuple(str(kind) for kind in kinds)),
        "automatic": _flag,
        "adapts": _flag,
        "asks_first": _flag,
        "options": lambda value: _choices(value, provider.options),
    }
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, value in options.items():
        try:
            values[name] = checks[name](value)
        except KeyError:
            errors[name[:64]] = "is not an option."
        except ValueError as error:
            errors[name] = str(error)
    if errors:
        raise OptionError(errors)
    return values


def _one_of(value: Any, allowed: list[str]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"must be one of {', '.join(allowed)}.")
    return str(value)


def _some_of(value: Any, allowed: tuple[str, ...]) -> list[str]:
    """The chosen ones once each, in their own order."""
    if not isinstance(value, list | tuple | set | frozenset) or any(item not in allowed for item in value):
        raise ValueError(f"must be a list of some of {', '.join(allowed)}; an empty list means all.")
    return [name for name in allowed if name in value]


def _choices(value: Any, asked: Sequence[Option]) -> dict[str, str]:
    """{name: choice}, some of what is asked."""
    known = {option.name: [choice for choice, _ in option.choices] for option in asked}
    if not isinstance(value, Mapping) or any(name not in known for name in value):
        raise ValueError(f"must name some of {', '.join(known)}." if known else "has no names for this service.")
    return {name: _choice(name, chosen, known[name]) for name, chosen in value.items()}


def _choice(name: str, value: Any, allowed: list[str]) -> str:
    try:
        return _one_of(value, allowed)
    except ValueError as error:
        raise ValueError(f"{name} {error}") from None


def _minutes(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not SHORTEST_INTERVAL <= value <= LONGEST_INTERVAL:
        raise ValueError(f"must be a whole number of minutes from {SHORTEST_INTERVAL} to {LONGEST_INTERVAL}.")
    return value


def _minutes_by_kind(value: Any, kinds: tuple[str, ...]) -> dict[str, int]:
    if not isinstance(value, Mapping) or any(kind not in kinds for kind in value):
        raise ValueError(f"must be minutes by some of {', '.join(kinds)}.")
    return {kind: _minutes(value[kind]) for kind in kinds if kind in value}


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false.")  # noqa: TRY004 (a fault of the person, told with the others)
    return value
