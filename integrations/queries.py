"""Reading links and apps. Rows of a person are reached only through the person; "not found" is DoesNotExist."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import QuerySet

from integrations.models import Connection, ConnectionState, DeviceLink, ProviderApp
from integrations.providers import registry

if TYPE_CHECKING:
    from accounts.models import User


def connections_for_user(user: User, *, with_unlinked: bool = False) -> QuerySet[Connection]:
    """The person's connections by provider; those that were unlinked only when asked for."""
    rows = Connection.objects.filter(user=user).select_related("app").order_by("provider")
    return rows if with_unlinked else rows.exclude(state=ConnectionState.UNLINKED)


def connection_for_user(user: User, provider: str, *, with_unlinked: bool = False) -> Connection:
    """provider: slug or alias. Raises Connection.DoesNotExist, for an unknown provider as well."""
    try:
        slug = registry.resolve(provider)
    except registry.UnknownProvider as error:
        raise Connection.DoesNotExist(str(error)) from error
    return connections_for_user(user, with_unlinked=with_unlinked).get(provider=slug)


def connection_for_user_by_id(user: User, connection_id: UUID | str, *, with_unlinked: bool = False) -> Connection:
    """Raises Connection.DoesNotExist. `connection_id` must be a UUID or its text."""
    return connections_for_user(user, with_unlinked=with_unlinked).get(pk=connection_id)


def app_for_user(user: User, provider: str) -> ProviderApp | None:
    """The person's own app at a provider (slug), if they entered one."""
    return ProviderApp.objects.filter(user=user, provider=provider).first()


def apps_of_user(user: User) -> QuerySet[ProviderApp]:
    """The person's own apps."""
    return ProviderApp.objects.filter(user=user)


def app_site_wide(provider: str) -> ProviderApp | None:
    return ProviderApp.objects.filter(user=None, provider=provider).first()


def lock_connection_for_user(user: User, provider: str) -> Connection:
    """The row, unlinked or not, locked until the transaction ends. Raises Connection.DoesNotExist."""
    slug = connection_for_user(user, provider, with_unlinked=True).provider
    return Connection.objects.select_for_update(of=("self",), no_key=True).get(user=user, provider=slug)


def device_link_for_user(user: User, provider: str) -> DeviceLink | None:
    """The person's newest link by code at a provider (slug), open or ended."""
    return DeviceLink.objects.filter(user=user, provider=provider).order_by("-created_at").first()
