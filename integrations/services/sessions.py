"""Fresh tokens and the sessions that carry them.

Refresh: lock the row, read it again, compare the version, call, store, commit, use. Eight workers that refreshed
without the lock killed a token family; with it they made one call (reliability.md 4.5).
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from integrations import lifetimes, oauth, signals
from integrations.crypto import Secret, Tampered
from integrations.errors import AuthRevoked, Malformed, ProviderError, Transient, Unavailable
from integrations.http import Session
from integrations.models import Connection, ConnectionState
from integrations.providers import registry
from integrations.providers.base import Provider
from integrations.services import apps, atlases, playbooks, providers

log = logging.getLogger(__name__)

TOKEN_FIELDS = ("access_token", "refresh_token", "token_expires_at", "token_version", "token_due_at")
STATE_FIELDS = ("state", "message", "message_code")
LONG_PATIENCE = 60.0
"""Seconds that a call may wait for its turn once its run has asked for something: whoever gives up then has to begin
again with the whole read."""
PATIENCE = 20.0
"""Seconds that a call may wait for its turn where no person does: as long as two ticks hand out, so that a run which
was handed out is there when the budget is, and need not come again."""
DEAD_STATES = (ConnectionState.NEEDS_LOGIN, ConnectionState.UNLINKED)


def open_session(connection: Connection, *, klass: str = "checks", interactive: bool = False) -> Session:
    """A session with a fresh token. klass: what its reads spend; its writes spend the share of writes.
    interactive: a person waits, so all it does uses the reserve.

    Updates `connection` in memory when its token was renewed. Never called inside a transaction: what a renewal
    brought must be committed before it is used. Raises AuthRevoked (the person must sign in again), Unavailable (the
    operator switched the provider off), what a refresh raises, and DecryptionError when the keyring lacks a key.
    """
    provider = registry.get(connection.provider)
    if not providers.is_enabled(provider.slug):
        raise _switched_off(provider)
    token = fresh_token(connection)
    open_line = partial(providers.open_line, provider, app=_client_id(connection), token=str(connection.pk))
    reading = partial(open_line, klass="interactive" if interactive else klass)
    return Session(
        reading() if interactive else reading(max_wait=PATIENCE),
        token=token,
        then=partial(reading, max_wait=LONG_PATIENCE),
        writing=None if interactive else partial(open_line, klass="writes", max_wait=LONG_PATIENCE),
        renew=lambda: renew_token(connection),
        refused=lambda: mark_needs_login(connection),
        account_id=connection.account_id,
        account_settings=connection.account_settings,
        options=chosen_options(provider, connection),
        atlas=atlases.DatabaseAtlas(provider.slug, connection.user_id) if provider.by_shows else None,
        plays=playbooks.DatabasePlayBook(connection) if provider.by_shows else None,
    )


def open_public_session(provider: Provider, *, klass: str = "checks", max_wait: float = PATIENCE) -> Session:
    """A session with nobody's token, for what everybody may see. klass: whose share it spends; max_wait: seconds that
    a call may wait for its turn. Raises Unavailable."""
    if not providers.is_enabled(provider.slug):
        raise _switched_off(provider)
    return Session(providers.open_line(provider, klass=klass, max_wait=max_wait))


def _switched_off(provider: Provider) -> Unavailable:
    return Unavailable(f"{provider.name} is switched off here for now.", provider=provider.slug)


def chosen_options(provider: Provider, connection: Connection) -> dict[str, str]:
    """The person's answer to each thing that the provider asks, its default where they gave none that it knows."""
    given = connection.options
    return {
        option.name: given[option.name]
        if given.get(option.name) in [value for value, _ in option.choices]
        else option.default
        for option in provider.options
    }


def fresh_token(connection: Connection) -> Secret:
    """The access token, renewed first if that is due. A failing renewal is no harm while the old token lives.

    Raises AuthRevoked, what `oauth.refresh` raises, DecryptionError.
    """
    now = timezone.now()
    provider = registry.get(connection.provider)
    token = _stored_token(connection, provider)
    expires_at = connection.token_expires_at
    if not provider.oauth.refreshes:
        if expires_at is not None and now >= expires_at:
            mark_needs_login(connection, code="expired")
            raise _sign_in_again(provider)
        return token
    if not lifetimes.is_renewal_due(due_at=connection.token_due_at, expires_at=expires_at, now=now):
        return token
    try:
        return renew_token(connection)
    except (Transient, Malformed, oauth.AppRejected) as error:
        if not lifetimes.is_usable(expires_at, now=now):
            raise
        log.warning("connection %s keeps its token for now: %s", connection.pk, error.message)
        return token


def renew_token(connection: Connection) -> Secret:
    """Another access token than the one `connection` holds; costs no call when another worker has just renewed it.

    Updates `connection` in memory. Raises AuthRevoked after the connection was marked and the person told;
    Transient and its kin, Malformed and AppRejected leave everything as it was.
    """
    with transaction.atomic(durable=True):
        row = _lock(connection)
        verdict = _renew_locked(row) if row.token_version == connection.token_version else None
    _copy(row, connection)
    if verdict is not None:
        raise verdict
    return _stored_token(connection, registry.get(connection.provider))


def _lock(connection: Connection) -> Connection:
    rows = Connection.objects.select_for_update(of=("self",), no_key=True).select_related("app", "user")
    row = rows.filter(pk=connection.pk).first()
    # Nor may a run of the account before go on with the token of another one.
    if row is None or row.account_id != connection.account_id:
        raise AuthRevoked("This link was removed.", provider=connection.provider)
    return row


@sensitive_variables()
def _renew_locked(row: Connection) -> ProviderError | None:
    """Renews the pair of a locked row, or marks the row and returns why it cannot be renewed."""
    provider = registry.get(row.provider)
    if row.state in DEAD_STATES:
        return _sign_in_again(provider)
    try:
        refresh_token: Secret | None = row.refresh_token
    except Tampered:
        log.exception("the refresh token of connection %s does not open", row.pk)
        _need_login(row, provider, code="unreadable")
        return _sign_in_again(provider)
    chosen = apps.app_of_row(row.app, row.provider)
    if not provider.oauth.refreshes or refresh_token is None:
        _need_login(row, provider)
        return _sign_in_again(provider)
    if chosen is None:
        raise oauth.AppRejected(f"Linking {provider.name} is not set up here any more.", provider=provider.slug)
    line = providers.open_line(provider, klass="refresh", app=chosen.app.client_id, token=str(row.pk))
    try:
        grant = oauth.refresh(
            provider.oauth,
            line,
            app=chosen.app,
            refresh_token=refresh_token,
            redirect_uri=providers.redirect_uris(provider.slug)[0],
        )
    except AuthRevoked as error:
        # The row is locked and was just read: nobody else can have renewed it meanwhile.
        _need_login(row, provider)
        return error
    except oauth.AppRejected as error:
        # The operator's mistake must not disconnect everybody; a person's own app is theirs to repair.
        if row.app is None or row.app.user_id != row.user_id:
            raise
        _need_login(row, provider, code="app_rejected")
        return error
    put_grant(row, grant, provider=provider)
    row.save(update_fields=TOKEN_FIELDS)
    return None


@sensitive_variables()
def put_grant(row: Connection, grant: oauth.Grant, *, provider: Provider) -> None:
    """Sets the TOKEN_FIELDS of an unsaved or locked row. A refresh token that did not come again stays."""
    now = timezone.now()
    row.access_token = grant.access_token
    if grant.refresh_token is not None:
        row.refresh_token = grant.refresh_token
    row.token_expires_at = grant.expires_at
    row.token_version += 1
    if provider.oauth.refreshes:
        spread = row.pk.int % 1000 / 1000
        row.token_due_at = lifetimes.renewal_due(
            grant.expires_at,
            now=now,
            spread=spread,
            when_left=provider.oauth.refresh_when_left,
            share_left=provider.oauth.refresh_share_left,
        )
    else:
        row.token_due_at = lifetimes.notice_due(grant.expires_at, now=now)


def mark_needs_login(connection: Connection, *, code: str = "needs_login") -> None:
    """Says that the token `connection` holds is dead, unless it was renewed or unlinked meanwhile.

    code: needs_login, expired, app_rejected or unreadable. The person is told once, by mail and on the connection.
    """
    with transaction.atomic():
        rows = Connection.objects.select_for_update(of=("self",), no_key=True).select_related("user")
        row = rows.filter(pk=connection.pk).first()
        if row is None:
            return
        if row.token_version == connection.token_version and row.state not in DEAD_STATES:
            _need_login(row, registry.get(row.provider), code=code)
    _copy(row, connection)


_WHY = {
    "needs_login": "{name} does not accept our access any more.",
    "expired": "Our access to {name} has run out.",
    "app_rejected": "{name} does not accept the client id and secret of your own app.",
    "unreadable": "Our access to {name} cannot be read any more.",
}


def _need_login(row: Connection, provider: Provider, *, code: str = "needs_login") -> None:
    """On a locked row, inside its transaction."""
    row.state = ConnectionState.NEEDS_LOGIN
    row.message = f"{_WHY[code].format(name=provider.name)} Please link {provider.name} again."
    row.message_code = code
    row.token_due_at = None
    row.save(update_fields=(*STATE_FIELDS, "token_due_at"))
    signals.connection_needs_login.send(Connection, connection=row)


def _stored_token(connection: Connection, provider: Provider) -> Secret:
    """Raises AuthRevoked where there is none, and for one that was moved or altered: it is never used."""
    try:
        token: Secret | None = connection.access_token
    except Tampered:
        log.exception("the access token of connection %s does not open", connection.pk)
        mark_needs_login(connection, code="unreadable")
        raise _sign_in_again(provider) from None
    if token is None or connection.state in DEAD_STATES:
        raise _sign_in_again(provider)
    return token


def _sign_in_again(provider: Provider) -> AuthRevoked:
    return AuthRevoked(f"Please link {provider.name} again.", provider=provider.slug)


def _client_id(connection: Connection) -> str:
    chosen = apps.app_of_row(connection.app, connection.provider)
    return chosen.app.client_id if chosen else ""


def _copy(row: Connection, connection: Connection) -> None:
    """What a renewal or a mark changed, into the caller's object, without opening a seal."""
    for name in (*TOKEN_FIELDS, *STATE_FIELDS):
        held: Any = row.__dict__.get(name)
        setattr(connection, name, held)
