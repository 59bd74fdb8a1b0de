"""Keeping tokens alive between runs, and telling people in time where only they can."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from integrations import lifetimes, signals
from integrations.models import Connection, DeviceLink, LinkAttempt
from integrations.providers import registry
from integrations.providers.base import Provider
from integrations.services import providers, renewing
from integrations.services.sessions import mark_needs_login

NOTICES = 200
"""Of one tick and service."""
KEPT = timedelta(days=1)


def attend_tokens() -> int:
    """Has the queue of each service renew what is due there, and announces what only people can renew. Gives how many
    services were asked and people told.

    Nobody's renewals stand behind those of a service that is away: each has its own queue, and its own rows in the
    index. What runs renew by themselves is not due here: these are the lists that nobody looks at.
    """
    done = 0
    for slug in providers.enabled_slugs():
        if registry.get(slug).oauth.refreshes:
            done += renewing.due(slug).exists() and renewing.publish(slug)
        else:
            done += _announce_due(slug)
    return done


def _announce_due(slug: str) -> int:
    provider, rows = registry.get(slug), list(renewing.due(slug).select_related("app")[:NOTICES])
    for connection in rows:
        _announce(connection, provider)
    return len(rows)


def _announce(connection: Connection, provider: Provider) -> None:
    """The notice that is due now, on the connection and by mail; the end itself asks for a new link."""
    now = timezone.now()
    expires_at = connection.token_expires_at
    if expires_at is None or expires_at <= now:
        mark_needs_login(connection, code="expired")
        return
    days = lifetimes.days_left(expires_at, now=now)
    message = (
        f"Our access to {provider.name} runs out on {expires_at:%Y-%m-%d}. Link {provider.name} again before then."
    )
    with transaction.atomic():
        # Who moves the due time sends the mail.
        claimed = Connection.objects.filter(pk=connection.pk, token_due_at=connection.token_due_at).update(
            token_due_at=lifetimes.notice_due(expires_at, now=now), message=message, message_code="expires_soon"
        )
        if claimed == 1:
            connection.message = message
            signals.login_ends_soon.send(Connection, connection=connection, expires_at=expires_at, days=days)


def purge_link_attempts() -> int:
    """Deletes attempts and device links a day after their end. Gives how many."""
    end = timezone.now() - KEPT
    return sum(model.objects.filter(expires_at__lt=end).delete()[0] for model in (LinkAttempt, DeviceLink))
