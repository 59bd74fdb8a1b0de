"""What the control API takes: checked at the door, so that a slip in a test's data is an answer and not a riddle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class ControlError(Exception):
    """The control API was asked for something that cannot be. status: 400 or 404."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Shape(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A JSON object with exactly these keys; those with a default may be left out."""


class NewApp(Shape):
    """type: MAL's app type; only "web" has a secret. Empty ids and secrets are made up."""

    redirect_uri: str = ""
    redirect_uris: tuple[str, ...] = ()
    client_id: str = ""
    client_secret: str = ""
    name: str = "A sandbox app"
    type: str = "web"

    def all_uris(self) -> tuple[str, ...]:
        """Raises ControlError when there is none."""
        uris = tuple(uri for uri in (self.redirect_uri, *self.redirect_uris) if uri)
        if not uris:
            raise ControlError("an app needs a redirect_uri")
        return uris


class NewAccount(Shape):
    """entries: in the service's own words. token: issue one, for the app `client_id` or for none."""

    name: str
    settings: dict[str, Any] = {}
    entries: list[dict[str, Any]] = []
    token: bool = False
    client_id: str = ""


class Edit(Shape):
    """delete: as the service names an entry's work: a media id, or {"kind", "id"}."""

    upsert: list[dict[str, Any]] = []
    delete: list[Any] = []
    settings: dict[str, Any] = {}


class Generate(Shape):
    kind: str
    count: int
    first_id: int


class Works(Shape):
    works: list[dict[str, Any]] = []
    generate: Generate | None = None


class TokenCall(Shape):
    """Without a verb: issue a token for `account`."""

    account: str = ""
    client_id: str = ""
    access_token: str = ""
    expire: bool = False
    revoke: bool = False
    revoke_refresh: bool = False


class ClockCall(Shape):
    """set: Unix seconds or ISO 8601. Applied in this order."""

    freeze: bool = False
    set: float | str | None = None
    step: float = 0.0
    resume: bool = False


class FaultCall(Shape):
    """The general part of a fault; its options follow from its kind."""

    kind: str
    endpoint: str = "*"
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0


def read_shape(data: Any, shape: type[T]) -> T:
    """Raises ControlError that names the key."""
    try:
        return msgspec.convert(data, shape)
    except msgspec.ValidationError as error:
        raise ControlError(str(error)) from error


def check_like(name: str, value: Any, *, like: Any) -> None:
    """Raises ControlError unless `value` is of the sort of `like`; a whole number serves as a float, not as a flag."""
    wanted = type(like)
    good = isinstance(value, (int, float)) if wanted is float else isinstance(value, wanted)
    if not good or (isinstance(value, bool) and wanted is not bool):
        raise ControlError(f"{name} must be {wanted.__name__}")


def change_attributes(target: Any, changes: Mapping[str, Any], *, names: Mapping[str, str]) -> None:
    """Set attributes by their outer names. All are checked before one is set. Raises ControlError."""
    for name, value in changes.items():
        if name not in names:
            raise ControlError(f"there is no {name!r} here; there are {', '.join(sorted(names))}")
        current = getattr(target, names[name])
        if current is not None:
            check_like(name, value, like=current)
    for name, value in changes.items():
        setattr(target, names[name], value)
