"""Linking by a code that the person types in at the service, while a task asks whether they did (trakt.md 2.6).

The row is the truth and its message only a hint: who moves `next_poll_at` asks, so a message too many does no harm,
and one that was lost is made good by the sweep.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from integrations.errors import ProviderError
from integrations.line import Line
from integrations.models import DeviceLink, DeviceState
from integrations.oauth_device import start_device
from integrations.providers.base import Provider
from integrations.services import apps, linking, providers, refusals

if TYPE_CHECKING:
    from accounts.models import User

log = logging.getLogger(__name__)

TASK = "integrations.poll_device_link"


def start_device_link(user: User, *, provider: str) -> DeviceLink:
    """A code for the person to type in at the service. Their older one for this service gives way.

    Raises LinkError: unknown_provider, provider_disabled, wrong_way, no_app, app_rejected, unavailable, not_understood.
    """
    service = providers.provider_for(provider)
    refusals.check_way(service, "device")
    chosen = apps.app_for(user, service.slug)
    line = open_device_line(service, chosen, person=str(user.pk), max_wait=linking.LINK_WAIT)
    try:
        code = start_device(service.oauth, line, app=chosen.app)
    except ProviderError as error:
        raise refusals.explain_failure(error, is_own_app=chosen.is_own) from error
    if not _leads_there(service, code.verification_url):
        raise refusals.LinkError("not_understood", f"{service.name} sent an address that is not its own.")
    now = timezone.now()
    with transaction.atomic():
        link = DeviceLink.objects.create(
            user=user,
            provider=service.slug,
            app=chosen.row,
            device_code=code.device_code,
            user_code=code.user_code,
            verification_url=code.verification_url,
            poll_seconds=code.interval,
            next_poll_at=now + timedelta(seconds=code.interval),
            expires_at=now + timedelta(seconds=code.expires_in),
        )
        DeviceLink.objects.filter(user=user, provider=service.slug, created_at__lt=link.created_at).delete()
        transaction.on_commit(lambda: publish_poll(link.pk, queue=service.slug, after=code.interval))
    return link


def open_device_line(service: Provider, chosen: apps.ChosenApp, *, person: str, max_wait: float = 5.0) -> Line:
    return providers.open_line(service, klass="interactive", app=chosen.app.client_id, token=person, max_wait=max_wait)


def _leads_there(service: Provider, url: str) -> bool:
    """The address becomes a link on our page: it must be of the service's own site, or the sandbox's."""
    if settings.SANDBOX_URL and url.startswith(f"{settings.SANDBOX_URL.rstrip('/')}/"):
        return True
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    sites = {_site(host) for host in service.hosts}
    return parts.scheme == "https" and parts.netloc == parts.hostname and _site(parts.netloc) in sites


def _site(host: str) -> str:
    """auth.trakt.tv → trakt.tv"""
    return ".".join(host.split(".")[-2:])


def page_of(link: DeviceLink) -> str:
    """Where the person types the code in."""
    url = link.verification_url
    return providers.rewrite_url(url) if url.startswith("https://") else url


def poll_device_links(*, limit: int = 200) -> int:
    """Sends for what is due and whose own message was lost. Gives how many."""
    due = DeviceLink.objects.filter(state=DeviceState.PENDING, next_poll_at__lte=timezone.now())
    late = list(due.order_by("next_poll_at").values_list("pk", "provider")[:limit])
    for link_id, slug in late:
        publish_poll(link_id, queue=slug)
    return len(late)


def publish_poll(link_id: UUID, *, queue: str, after: float = 0.0) -> None:
    """queue: its provider's, so that a service that hangs holds up nobody else."""
    # A moment later than due: a message that comes too early is thrown away.
    countdown = after + 0.5 if after else None
    try:
        current_app.send_task(TASK, args=[str(link_id)], queue=queue, countdown=countdown, retry=False)
    except OperationalError:
        log.warning("the broker is away; the next sweep finds device link %s", link_id)
