"""A person's services as the API shows them. Nothing here opens a seal: tokens and secrets are not even looked at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from integrations import queries
from integrations.models import Connection, ConnectionState, ProviderApp, Removals
from integrations.providers import registry
from integrations.providers.base import Provider
from integrations.services import providers
from integrations.services.sessions import chosen_options
from library.entry import FIELDS, Kind

if TYPE_CHECKING:
    from accounts.models import User

SWITCHES = {
    "sync_status": ("status",),
    "sync_reading_progress": ("progress", "progress_volumes"),
    "sync_ratings": ("score",),
    "sync_dates": ("started_on", "finished_on"),
    "sync_notes": ("notes",),
}
"""A switch and the fields that it stands for; `fields` says each by itself."""
HEALTH = ("not_connected", "ok", "paused", "trouble", "needs_login")


def settings_for_user(user: User) -> dict[str, dict[str, Any]]:
    """{slug: settings} of every service that is offered here, and of linked ones that are no longer. Two queries."""
    mine = {row.provider: row for row in queries.connections_for_user(user)}
    own = {row.provider: row for row in queries.apps_of_user(user)}
    offered = [slug for slug in registry.slugs() if slug in mine or providers.is_enabled(slug)]
    return {slug: _shape(registry.get(slug), mine.get(slug), own.get(slug)) for slug in offered}


def settings_of(user: User, provider: str) -> dict[str, Any]:
    """One service. Raises LinkError (unknown_provider, provider_disabled)."""
    try:
        row = queries.connection_for_user(user, provider)
    except Connection.DoesNotExist:
        row = None
    # What is linked stays in reach, though its service may be switched off by now.
    service = registry.get(row.provider) if row is not None else providers.provider_for(provider)
    return _shape(service, row, queries.app_for_user(user, service.slug))


def _shape(service: Provider, row: Connection | None, own: ProviderApp | None) -> dict[str, Any]:
    return {
        "provider": service.slug,
        "name": service.name,
        "is_enabled": providers.is_enabled(service.slug),
        "ways": sorted(service.oauth.grants | (set() if service.oauth.refreshes else {"token"})),
        "apps_url": service.apps_url,
        "redirect_uris": providers.redirect_uris(service.slug),
        "own_client_id": own.client_id if own else "",
        "kinds_offered": [str(kind) for kind in Kind if kind in service.kinds],
        "options_offered": [_option(option) for option in service.options],
        **(_not_connected(service) if row is None else _connected(service, row)),
    }


def _option(option: Any) -> dict[str, Any]:
    choices = [{"value": value, "label": label} for value, label in option.choices]
    return {"name": option.name, "label": option.label, "help": option.help, "choices": choices}


def _not_connected(service: Provider) -> dict[str, Any]:
    return {"is_connected": False, "health": "not_connected", "needs_login": False, "connection": None}


def _connected(service: Provider, row: Connection) -> dict[str, Any]:
    held = held_fields(service, row)
    chosen = [name for name in row.fields if name in held] or held
    return {
        "is_connected": True,
        "health": health_of(row),
        "needs_login": row.state == ConnectionState.NEEDS_LOGIN,
        "connection": {
            "id": row.pk,
            "username": row.account_name,
            "account_url": row.account_url,
            "state": row.state,
            "message": row.message,
            "message_code": row.message_code,
            "linked_at": row.linked_at,
            "last_sync_at": row.last_synced_at,
            "moved_at": row.moved_at,
            "approved_at": row.approved_at,
            "login_ends_at": None if service.oauth.refreshes else row.token_expires_at,
            "sync_enabled": row.state != ConnectionState.PAUSED,
            "auto_sync": row.automatic,
            "direction": row.direction,
            "policy": row.policy,
            "removals": row.removals,
            "kinds": row.kinds or [str(kind) for kind in Kind if kind in service.kinds],
            "fields": chosen,
            "fields_offered": held,
            **{name: _is_on(fields, held, chosen) for name, fields in SWITCHES.items()},
            "sync_removals": row.removals != Removals.NO,
            "interval_minutes": row.interval_minutes,
            "intervals": row.intervals,
            "adapts": row.adapts,
            "asks_first": row.asks_first,
            "options": chosen_options(service, row),
        },
    }


def _is_on(fields: Iterable[str], held: list[str], chosen: list[str]) -> bool:
    """All of them that the service can hold."""
    wanted = [name for name in fields if name in held]
    return bool(wanted) and all(name in chosen for name in wanted)


def health_of(row: Connection) -> str:
    """One of HEALTH."""
    if row.state == ConnectionState.NEEDS_LOGIN:
        return "needs_login"
    if row.state == ConnectionState.PAUSED:
        return "paused"
    return "trouble" if row.message_code not in ("", "account_changed", "expires_soon") else "ok"


def held_fields(service: Provider, row: Connection) -> list[str]:
    """Entry fields that this account can hold for any kind, in the order of FIELDS."""
    held: set[str] = set()
    for kind in service.kinds:
        held |= service.capability(kind, row.account_settings).fields
    return [name for name in FIELDS if name in held]
