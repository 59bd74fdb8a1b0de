"""Linking a person's account at a service, and unlinking it. Why each step is as it is: reliability.md 5.1."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from integrations import oauth, queries, signals
from integrations.models import Connection, ConnectionState, DeviceLink, LinkAttempt
from integrations.services import apps, callbacks, providers
from integrations.services.exchanging import exchange_attempt
from integrations.services.options import set_options
from integrations.services.pasting import paste_token
from integrations.services.refusals import LinkError, OptionError, check_way, explain_refusal
from integrations.services.sessions import STATE_FIELDS, TOKEN_FIELDS

if TYPE_CHECKING:
    from accounts.models import User

__all__ = ["LinkError", "OptionError", "finish_link", "paste_token", "set_options", "start_link", "unlink"]

ATTEMPT_LIFE = timedelta(minutes=10)
OPEN_ATTEMPTS = 5
"""A person. The oldest gives way, so that nobody is locked out by starting often."""


@dataclass(frozen=True, slots=True)
class Started:
    """A link on its way. url: where to send the person's browser; state: comes back with them, single use."""

    url: str = field(repr=False)
    state: str = field(repr=False)
    redirect_uri: str
    begun_at: datetime
    expires_at: datetime


def start_link(user: User, *, provider: str, session_key: str, redirect_uri: str | None = None) -> str:
    """Where to send the person's browser. session_key: of the browser session that must come back.

    redirect_uri: one of settings.OAUTH_REDIRECT_URIS of this provider; default: the first. Raises LinkError:
    unknown_provider, provider_disabled, wrong_way, no_app, no_session, foreign_redirect.
    """
    if not session_key:
        raise LinkError("no_session", "Please sign in first.")
    return begin_link(user, provider=provider, bound_to=session_key, redirect_uri=redirect_uri).url


@sensitive_variables()
def begin_link(user: User, *, provider: str, bound_to: str, redirect_uri: str | None = None) -> Started:
    """bound_to: what must come back with the answer. Raises LinkError as `start_link`."""
    service = providers.provider_for(provider)
    check_way(service, "code")
    chosen = apps.app_for(user, service.slug)
    target = allowed_redirect(service.slug, redirect_uri)
    state = secrets.token_urlsafe(32)
    verifier = oauth.new_verifier() if service.oauth.pkce else ""
    now = timezone.now()
    with transaction.atomic():
        LinkAttempt.objects.create(
            user=user,
            provider=service.slug,
            app=chosen.row,
            state_hash=callbacks.hash_secret(state),
            session_hash=callbacks.hash_secret(bound_to),
            verifier=verifier or None,
            redirect_uri=target,
            expires_at=now + ATTEMPT_LIFE,
        )
        _drop_surplus(user)
    url = oauth.authorize_url(
        service.oauth, client_id=chosen.app.client_id, redirect_uri=target, state=state, verifier=verifier
    )
    return Started(providers.rewrite_url(url), state, target, begun_at=now, expires_at=now + ATTEMPT_LIFE)


def allowed_redirect(slug: str, asked: str | None) -> str:
    """Compared as whole text: no prefix, pattern or part of an address decides (RFC 9700, 2.1)."""
    allowed = providers.redirect_uris(slug)
    if asked is None:
        return str(allowed[0])
    if asked not in allowed:
        raise LinkError("foreign_redirect", "This address is not one that people may be sent back to.")
    return asked


def _drop_surplus(user: User) -> None:
    mine = LinkAttempt.objects.filter(user=user, used_at=None)
    newest = mine.filter(expires_at__gt=timezone.now()).order_by("-created_at").values_list("pk", flat=True)
    mine.exclude(pk__in=list(newest[:OPEN_ATTEMPTS])).delete()


@sensitive_variables()
def finish_link(user: User, *, provider: str, session_key: str, params: Mapping[str, Any]) -> Connection:
    """The connection made by what the service sent back. params: of the callback's address, a QueryDict or a dict.

    The attempt is used up before anything else is looked at, whatever comes of it. `message_code` of the result is
    account_changed when another account than before was linked. Raises LinkError, and nothing else, for all that
    can come from outside: see LinkError for the codes.
    """
    service = providers.provider_for(provider)
    state = callbacks.read_state(params)
    attempt = callbacks.take_attempt(user, provider=service.slug, session_key=session_key, state=state)
    answered = callbacks.read_answer(params, provider=service)
    if answered.code is None:
        raise explain_refusal(service.name, answered.error)
    return exchange_attempt(user, service, attempt=attempt, code=answered.code)


def unlink(user: User, *, provider: str) -> Connection:
    """Forgets the tokens; the row stays, with what the person chose. Twice is once. Raises Connection.DoesNotExist.

    Neither AniList nor MyAnimeList has an endpoint to revoke a token: `Provider.apps_url` is where the person can.
    Kitsu has one, but its tokens are shared by all apps of the person, and revoking ours would sign those out too
    (kitsu.md 2.4). So nothing is ever revoked there, only forgotten here.
    """
    slug = queries.connection_for_user(user, provider, with_unlinked=True).provider
    with transaction.atomic():
        # Before the connection is locked: a task that stores a link locks them in this order too.
        DeviceLink.objects.filter(user=user, provider=slug).delete()
        row = queries.lock_connection_for_user(user, provider)
        if row.state == ConnectionState.UNLINKED:
            return row
        row.access_token, row.refresh_token = None, None
        row.token_expires_at, row.token_due_at = None, None
        row.token_version += 1
        row.state, row.message, row.message_code = ConnectionState.UNLINKED, "", ""
        row.save(update_fields=(*TOKEN_FIELDS, *STATE_FIELDS))
        LinkAttempt.objects.filter(user=user, provider=row.provider).delete()
        signals.connection_unlinked.send(Connection, connection=row)
    return row
