"""Turning a grant into a connection: whose account it is, and whether it may be this person's."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.utils import timezone

from integrations import signals
from integrations.errors import Malformed
from integrations.http import Session
from integrations.models import Connection, ConnectionState, ProviderApp
from integrations.oauth import Grant
from integrations.providers.base import Account, Provider
from integrations.services import providers
from integrations.services.refusals import LinkError
from integrations.services.sessions import STATE_FIELDS, TOKEN_FIELDS, put_grant

if TYPE_CHECKING:
    from accounts.models import User

LINK_FIELDS = (
    *TOKEN_FIELDS,
    *STATE_FIELDS,
    *("app", "account_id", "account_name", "account_url", "account_settings"),
    *("linked_at", "approved_at", "last_synced_at"),
)

LINK_WAIT = 15.0
"""Seconds. A person waits, and a code whose exchange is put off is lost: better to keep the page loading."""


def identify(service: Provider, grant: Grant, *, client_id: str = "", person: str) -> Account:
    """Who a new token belongs to. person: our id, names the budget. Raises ProviderError."""
    line = providers.open_line(service, klass="interactive", app=client_id, token=person, max_wait=LINK_WAIT)
    account = service.identify(Session(line, token=grant.access_token))
    if not account.id or len(account.id) > 64:
        raise Malformed(f"{service.name} does not say whose account this is.", provider=service.slug)
    return account


def store_link(user: User, service: Provider, *, account: Account, grant: Grant, app: ProviderApp | None) -> Connection:
    """The person's connection with its new tokens. Raises LinkError (account_taken).

    Another account than before is a fresh start: its first sync waits for approval again, and a message says so.
    """
    for _ in range(2):
        try:
            with transaction.atomic():
                return _store(user, service, account=account, grant=grant, app=app)
        except IntegrityError:
            # Either somebody else linked the account, or this person linked it twice, in this very moment: in the
            # second case the row is there now.
            continue
    raise _taken(service)


def _store(user: User, service: Provider, *, account: Account, grant: Grant, app: ProviderApp | None) -> Connection:
    same_account = Connection.objects.filter(provider=service.slug, account_id=account.id)
    if same_account.exclude(user=user).exclude(state=ConnectionState.UNLINKED).exists():
        raise _taken(service)
    rows = Connection.objects.select_for_update(of=("self",), no_key=True)
    stored = rows.filter(user=user, provider=service.slug).first()
    row = stored or _new(user, service)
    fresh = row.account_id != account.id
    row.message, row.message_code = "", ""
    if fresh and row.account_id:
        row.message_code = "account_changed"
        row.message = f"This is {account.name}, before it was {row.account_name}: the sync starts afresh."[:500]
    if fresh:
        row.approved_at, row.last_synced_at = None, None
    row.account_id, row.account_name = account.id, account.name[:255]
    row.account_url = account.url if _leads_to(service, account.url) else ""
    row.account_settings = dict(account.settings)
    # Linking again ends a pause too: the person has just asked for it.
    row.state = ConnectionState.ACTIVE
    row.app, row.linked_at = app, timezone.now()
    # An older refresh token belongs to an older grant.
    row.refresh_token = None
    put_grant(row, grant, provider=service)
    row.save(update_fields=None if stored is None else LINK_FIELDS)
    signals.connection_linked.send(Connection, connection=row, fresh=fresh)
    return row


def _leads_to(service: Provider, url: str) -> bool:
    """The address becomes a link on our pages: it must be one of the service's own."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and parts.netloc in service.hosts and len(url) <= 255
    except ValueError:
        return False


def _new(user: User, service: Provider) -> Connection:
    chosen = providers.settings_for(service.slug)
    return Connection(user=user, provider=service.slug, interval_minutes=chosen.interval, direction=chosen.direction)


def _taken(service: Provider) -> LinkError:
    return LinkError("account_taken", f"This {service.name} account is already linked by somebody else here.")
