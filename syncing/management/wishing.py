"""What the options of `manage.py sync` ask for."""

from __future__ import annotations

from argparse import ArgumentTypeError
from dataclasses import dataclass
from typing import Any

from accounts.management.person import PersonCommand
from accounts.models import User
from integrations.models import Connection, Direction
from integrations.providers import registry
from integrations.queries import connections_for_user
from integrations.services.options import LONGEST_INTERVAL, SHORTEST_INTERVAL
from library.entry import Kind
from library.models import ListEntry
from library.services.catalogue import media_by_external_ids
from syncing.services import choosing, modes
from syncing.services.by_hand import Wish


@dataclass(frozen=True, slots=True)
class Wanted:
    """slugs: the services in their order, empty = whatever is linked. directions: to be set before the first sync."""

    wish: Wish
    slugs: tuple[str, ...] = ()
    directions: tuple[tuple[str, Direction], ...] = ()


def read_wish(command: PersonCommand, user: User, options: dict[str, Any]) -> Wanted:
    """Raises CommandError for what cannot be asked, and for what the person has not linked."""
    slugs = _slugs(command, options["provider"])
    linked = [row.provider for row in connections_for_user(user)]
    if not linked:
        command.refuse(f"{user.email} has linked no service; link one: manage.py connect --user … --provider …")
    directions: dict[str, Direction] = {}
    if options["mode"]:
        directions = _directions(command, options, slugs=slugs or linked)
        slugs = list(directions) if modes.BETWEEN in options["mode"] else slugs
    for slug in slugs:
        if slug not in linked:
            command.refuse(f"{user.email} has not linked {registry.get(slug).name}")
    wish = Wish(options["full"], options["dry_run"], _work(command, user, options, slugs=slugs))
    return Wanted(wish, tuple(slugs), tuple(directions.items()))


def set_mode(command: PersonCommand, user: User, wanted: Wanted) -> list[Connection]:
    """The connections whose direction is another one now."""
    try:
        return modes.set_directions(user, dict(wanted.directions))
    except Connection.DoesNotExist:
        command.refuse("a service was unlinked meanwhile")


def connections_of(user: User, wanted: Wanted) -> list[Connection]:
    """As they are now: a sync that goes on for weeks sees what was linked, paused and unlinked meanwhile."""
    rows = {row.provider: row for row in connections_for_user(user)}
    return [rows[slug] for slug in wanted.slugs or rows if slug in rows]


def read_minutes(text: str) -> int:
    if not text.isdecimal() or not SHORTEST_INTERVAL <= int(text[:9]) <= LONGEST_INTERVAL:
        raise ArgumentTypeError(f"must be a whole number of minutes from {SHORTEST_INTERVAL} to {LONGEST_INTERVAL}")
    return int(text)


def read_count(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise ArgumentTypeError("must be a whole number")
    return int(text)


def _slugs(command: PersonCommand, given: list[str] | None) -> list[str]:
    try:
        return list(dict.fromkeys(registry.resolve(name) for name in given or ()))
    except registry.UnknownProvider as error:
        command.refuse(f"{error} There are {', '.join(registry.slugs())}.", cause=error)


def _directions(command: PersonCommand, options: dict[str, Any], *, slugs: list[str]) -> dict[str, Direction]:
    if options["dry_run"]:
        command.refuse("--mode sets directions for good and --dry-run changes nothing: leave one of them out")
    if options["provider"] and modes.BETWEEN in options["mode"]:
        command.refuse(f"--mode {options['mode']} names its services itself: leave --provider out")
    try:
        return modes.directions_of(options["mode"], slugs=slugs)
    except (modes.ModeError, registry.UnknownProvider) as error:
        command.refuse(str(error), cause=error)


def _work(command: PersonCommand, user: User, options: dict[str, Any], *, slugs: list[str]) -> int | None:
    external_id, media_id = options["external_id"], options["media"]
    if options["kind"] and external_id is None:
        command.refuse("--kind says of which kind --external-id is; give both")
    try:
        if external_id is not None:
            if len(slugs) != 1 or not options["kind"]:
                command.refuse("--external-id needs one --provider, who calls the work so, and --kind")
            media_id = media_by_external_ids(slugs[0], Kind(options["kind"]), [external_id])[external_id]
        return None if media_id is None else choosing.work_for_user(user, media_id).pk
    except (KeyError, ListEntry.DoesNotExist) as error:
        command.refuse(f"no work on the list of {user.email} is known by this id", cause=error)
