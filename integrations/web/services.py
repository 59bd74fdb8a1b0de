"""The services as pages name them."""

from __future__ import annotations

from collections.abc import Collection

from django.http import Http404

from integrations.models import Connection
from integrations.providers import registry
from integrations.providers.base import Provider
from integrations.services.providers import enabled_slugs


def provider_or_404(slug: str) -> Provider:
    """By slug or alias."""
    try:
        return registry.get(slug)
    except registry.UnknownProvider as error:
        raise Http404 from error


def linkable_providers(linked: Collection[str] = ()) -> list[Provider]:
    """Services that can be linked here, in the registry's order, and those of `linked` that are switched off now."""
    enabled = enabled_slugs()
    return [registry.get(slug) for slug in registry.slugs() if slug in enabled or slug in linked]


def linked_words(provider: Provider, connection: Connection) -> str:
    """What is said after a link was made."""
    who = f" as {connection.account_name}" if connection.account_name else ""
    # Another account than before was linked: the service says what that means.
    more = f" {connection.message}" if connection.message_code == "account_changed" else ""
    return f"{provider.name} is linked{who}.{more} We are reading your list now."


def service_name(slug: str) -> str:
    """ "AniList" for "anilist"; the slug itself for a service that is no longer here, so that old runs still show."""
    try:
        return registry.get(slug).name
    except registry.UnknownProvider:
        return slug
