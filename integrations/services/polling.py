"""Asking a service once whether a device code was typed in, and what follows from its answer (trakt.md 2.6)."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from integrations.crypto import DecryptionError
from integrations.errors import ProviderError, RateLimited, Transient, Unavailable
from integrations.models import DeviceLink, DeviceState
from integrations.oauth_device import LONGEST_INTERVAL, DeviceAnswer, Grant, poll_device
from integrations.providers.base import Provider
from integrations.services import apps, linking, providers
from integrations.services.devices import open_device_line, publish_poll
from integrations.services.refusals import LinkError, explain_failure

log = logging.getLogger(__name__)

CLAIM = timedelta(seconds=60)
"""Longer than one poll with its waits: meanwhile nobody else asks."""
HOLD = timedelta(minutes=5)
"""Longer than it takes to learn whose the tokens are and to store them."""
SLOWER = 5
"""Seconds that polls are put further apart when the service asks for it."""
PATIENCE = 60.0
"""The longest pause of one link after trouble, in seconds: a code lives for ten minutes only."""
_ENDS = {
    "refused": (DeviceState.REFUSED, "{name} was not linked, because access was refused there."),
    "expired": (DeviceState.EXPIRED, "The code has expired before it was used. Please get a new one."),
    "used": (DeviceState.FAILED, "{name} says that this code was used already. Please get a new one."),
    "unknown": (DeviceState.FAILED, "{name} does not know this code any more. Please get a new one."),
}


def poll_device_link(link_id: UUID) -> None:
    """Asks the service once, if it is time, and sees to the next time. May run twice at once: one of them asks."""
    link = _claim(link_id)
    if link is None:
        return
    try:
        _ask(link)
    except LinkError as error:
        _end(link, DeviceState.FAILED, error.message)
    except Transient as error:
        log.info("device link %s waits: %s", link.pk, error.message)
        _wait(link, _pause(error))
    except ProviderError as error:
        is_own = link.app is not None and link.app.user_id is not None
        _end(link, DeviceState.FAILED, explain_failure(error, is_own_app=is_own).message)
    except DecryptionError:
        log.exception("the code of device link %s does not open", link.pk)
        _end(link, DeviceState.FAILED, "This code cannot be used any more. Please get a new one.")


def _claim(link_id: UUID) -> DeviceLink | None:
    """One statement decides, on columns of the row alone, so that of two workers one sees it changed."""
    now = timezone.now()
    due = DeviceLink.objects.filter(pk=link_id, state=DeviceState.PENDING, next_poll_at__lte=now)
    if due.update(next_poll_at=now + CLAIM) != 1:
        return None
    return DeviceLink.objects.select_related("user", "app").filter(pk=link_id).first()


@sensitive_variables()
def _ask(link: DeviceLink) -> None:
    """Raises LinkError, ProviderError, DecryptionError."""
    service = providers.provider_for(link.provider)
    chosen = apps.app_of_row(link.app, service.slug)
    if timezone.now() >= link.expires_at:
        return _end(link, *_told("expired", service))
    if chosen is None or link.device_code is None or not link.user.is_active:
        raise LinkError("no_app", f"Linking {service.name} is not set up here any more.")
    line = open_device_line(service, chosen, person=str(link.user_id))
    answer = poll_device(service.oauth, line, app=chosen.app, device_code=link.device_code)
    if isinstance(answer, Grant):
        return _store(link, service, chosen=chosen, grant=answer)
    if answer.said in _ENDS:
        return _end(link, *_told(answer.said, service))
    return _wait(link, _slow_down(link, answer))


@sensitive_variables()
def _store(link: DeviceLink, service: Provider, *, chosen: apps.ChosenApp, grant: Grant) -> None:
    """Raises LinkError: the service gives tokens for a code once, so whatever fails from here on ends this link."""
    DeviceLink.objects.filter(pk=link.pk).update(next_poll_at=timezone.now() + HOLD)
    try:
        account = linking.identify(service, grant, client_id=chosen.app.client_id, person=str(link.user_id))
    except ProviderError as error:
        raise explain_failure(error) from error
    with transaction.atomic():
        row = DeviceLink.objects.select_for_update().filter(pk=link.pk, state=DeviceState.PENDING).first()
        # The person began another link or unlinked the service meanwhile: they do not want this one.
        if row is not None:
            linking.store_link(link.user, service, account=account, grant=grant, app=link.app)
            _end(link, DeviceState.LINKED, "")


def _told(said: str, service: Provider) -> tuple[DeviceState, str]:
    state, text = _ENDS[said]
    return state, text.format(name=service.name)


def _end(link: DeviceLink, state: DeviceState, message: str) -> None:
    """The code goes with the link: nobody needs it any more."""
    rows = DeviceLink.objects.filter(pk=link.pk, state=DeviceState.PENDING)
    rows.update(state=state, message=message[:500], device_code=None)


def _slow_down(link: DeviceLink, answer: DeviceAnswer) -> float:
    """Seconds until the next poll. Who was too fast stays slower for the rest of this link."""
    if answer.said == "slower":
        link.poll_seconds = min(link.poll_seconds + SLOWER, LONGEST_INTERVAL)
    return max(link.poll_seconds, min(answer.wait, PATIENCE))


def _pause(error: Transient) -> float:
    told = error.retry_after if isinstance(error, RateLimited | Unavailable) else None
    return min(told or 0.0, PATIENCE)


def _wait(link: DeviceLink, seconds: float) -> None:
    seconds = max(seconds, link.poll_seconds)
    rows = DeviceLink.objects.filter(pk=link.pk, state=DeviceState.PENDING)
    rows.update(poll_seconds=link.poll_seconds, next_poll_at=timezone.now() + timedelta(seconds=seconds))
    publish_poll(link.pk, queue=link.provider, after=seconds)
