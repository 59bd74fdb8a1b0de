"""Giving access back to the services when a person leaves for good. Tried once; nothing waits for it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from django.views.decorators.debug import sensitive_variables

from integrations import oauth
from integrations.crypto import DecryptionError, Secret
from integrations.errors import ProviderError
from integrations.models import Connection, ConnectionState
from integrations.oauth import App
from integrations.providers import registry
from integrations.providers.base import Provider
from integrations.services import apps, connecting, providers

if TYPE_CHECKING:
    from accounts.models import User

log = logging.getLogger(__name__)

ALL_SECONDS = 15.0
"""For all services together: a person waits, and a service that is away must not keep them."""
WAIT = 2.0


@dataclass(frozen=True, slots=True)
class Access:
    """What opens one list. token None: it cannot be read any more, or was dead already."""

    provider: Provider
    person: str
    token: Secret | None = field(repr=False)
    app: App | None = field(repr=False)


def shares_access(connection: Connection) -> bool:
    """True where ending our access would sign the person out of other programs too."""
    spec = registry.get(connection.provider).oauth
    chosen = apps.app_of_row(connection.app, connection.provider)
    return bool(spec.revoke_url) and chosen is not None and chosen.app == spec.public_app


@sensitive_variables()
def take_access(user: User, *, shared: bool) -> list[Access]:
    """Unlinks all that is linked, in the caller's transaction, and returns what can then be given back by `give_back`.

    shared: also what other programs of the person use; else that is forgotten here and goes on there.
    """
    taken = []
    for row in Connection.objects.filter(user=user).exclude(state=ConnectionState.UNLINKED).select_related("app"):
        try:
            provider = registry.get(row.provider)
        except registry.UnknownProvider:
            continue
        try:
            taken.append(_read(row, provider, shared=shared))
        except DecryptionError:
            log.warning("what opens connection %s cannot be read, so it is not given back", row.pk)
            taken.append(Access(provider, str(row.pk), None, None))
        connecting.unlink(user, provider=row.provider)
    return taken


def _read(row: Connection, provider: Provider, *, shared: bool) -> Access:
    chosen = apps.app_of_row(row.app, row.provider)
    keeps = row.state == ConnectionState.NEEDS_LOGIN or (shares_access(row) and not shared)
    token: Secret | None = None if keeps else row.access_token
    return Access(provider, str(row.pk), token, chosen.app if chosen else None)


@sensitive_variables()
def give_back(taken: Sequence[Access]) -> list[str]:
    """Ends the access at each service that can do that. Returns where the person can do it, for those that cannot."""
    lines, ends = [], monotonic() + ALL_SECONDS
    for access in taken:
        if access.token is None or not _revoke(access, seconds=ends - monotonic()):
            provider = access.provider
            lines.append(f"{provider.name} may still list Enishi among your apps: {provider.apps_url}")
    return lines


def _revoke(access: Access, *, seconds: float) -> bool:
    provider = access.provider
    if not provider.oauth.revoke_url or access.app is None or access.token is None or seconds <= 0:
        return False
    line = providers.open_line(
        provider, klass="interactive", app=access.app.client_id, token=access.person, max_wait=WAIT
    )
    try:
        oauth.revoke(provider.oauth, line, app=access.app, token=access.token, seconds=seconds)
    except ProviderError as error:
        log.warning("access to %s is not given back: %s", provider.slug, error.message)
        return False
    return True
