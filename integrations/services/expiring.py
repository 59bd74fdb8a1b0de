"""Keeping tokens alive between runs, and telling people in time where only they can."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from integrations import lifetimes
from integrations.crypto import DecryptionError
from integrations.errors import AuthRevoked, ProviderError, RateLimited, Unavailable
from integrations.models import Connection, ConnectionState, DeviceLink, LinkAttempt
from integrations.providers import registry
from integrations.providers.base import Provider
from integrations.services import providers, telling
from integrations.services.sessions import mark_needs_login, renew_token

log = logging.getLogger(__name__)

LATER = timedelta(minutes=15)
"""A renewal that failed is tried again after this, so that it does not stand in the way of the others."""
KEPT = timedelta(days=1)


def attend_tokens(*, limit: int = 50) -> int:
    """Renews or announces what is due, at most `limit` connections, the longest due first. Gives how many.

    A provider that is away or asks us to slow down is left alone until the next tick. May run twice at once: a
    renewal compares versions under the row's lock, a notice is claimed by one statement.
    """
    away: set[str] = set()
    done = 0
    rows = Connection.objects.filter(
        token_due_at__lte=timezone.now(),
        state__in=(ConnectionState.ACTIVE, ConnectionState.PAUSED),
        provider__in=providers.enabled_slugs(),
    )
    for connection in rows.select_related("app").order_by("token_due_at")[:limit]:
        if connection.provider in away:
            continue
        provider = registry.get(connection.provider)
        if not provider.oauth.refreshes:
            _announce(connection, provider)
        elif not _renew(connection):
            away.add(connection.provider)
            continue
        done += 1
    return done


def _renew(connection: Connection) -> bool:
    """False when the provider should be left alone for now."""
    try:
        renew_token(connection)
    except (RateLimited, Unavailable) as error:
        log.info("renewals at %s wait: %s", connection.provider, error.message)
        return False
    except AuthRevoked:
        # Marked and told by then.
        return True
    except (ProviderError, DecryptionError) as error:
        log.warning("connection %s could not be renewed: %s", connection.pk, type(error).__name__)
        rows = Connection.objects.filter(pk=connection.pk, token_version=connection.token_version)
        rows.update(token_due_at=timezone.now() + LATER)
    return True


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
            subject = f"Access to {provider.name} runs out in {days} day{'s' if days != 1 else ''}"
            text = f"{message}\nIt takes one click, and nothing is lost."
            telling.tell_person(connection, subject=subject, text=text)


def purge_link_attempts() -> int:
    """Deletes attempts and device links a day after their end. Gives how many."""
    end = timezone.now() - KEPT
    return sum(model.objects.filter(expires_at__lt=end).delete()[0] for model in (LinkAttempt, DeviceLink))
