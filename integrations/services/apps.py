"""Client ids and secrets: a person's, the admin's, the environment's, the service's public one, in this order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from integrations import queries
from integrations.models import ProviderApp
from integrations.oauth import App, is_token
from integrations.providers import registry
from integrations.providers.base import Provider
from integrations.services.providers import provider_for
from integrations.services.refusals import LinkError

if TYPE_CHECKING:
    from accounts.models import User

LONGEST_ID = 255
LONGEST_SECRET = 1024


@dataclass(frozen=True, slots=True)
class ChosenApp:
    """`row` is None for the app of the environment and for a public one."""

    app: App
    row: ProviderApp | None = None

    @property
    def is_own(self) -> bool:
        """True for an app that a person entered."""
        return self.row is not None and self.row.user_id is not None


@sensitive_variables("client_secret")
def save_app(user: User, *, provider: str, client_id: str, client_secret: str | None = None) -> ProviderApp:
    """Stores a person's own app; the secret is never given out again.

    An empty secret keeps the one that is stored for the same client id. Raises LinkError: unknown_provider,
    provider_disabled, bad_app.
    """
    service = provider_for(provider)
    given = App.of(client_id, client_secret)
    check_app(service, given)
    with transaction.atomic():
        row = ProviderApp.objects.select_for_update().filter(user=user, provider=service.slug).first()
        row = row or ProviderApp(user=user, provider=service.slug)
        kept = row.client_secret if row.client_id == given.client_id else None
        row.client_id, row.client_secret = given.client_id, given.client_secret or kept
        if row.client_secret is None and not service.oauth.secret_optional:
            raise LinkError("bad_app", f"{service.name} needs a client secret too.")
        row.save()
    return row


def check_app(service: Provider, app: App) -> None:
    """Raises LinkError (bad_app) for what cannot be an id or a secret of an app."""
    if not is_token(app.client_id) or len(app.client_id) > LONGEST_ID:
        raise LinkError("bad_app", f"The client id has 1 to {LONGEST_ID} letters and digits, without blanks.")
    secret = app.client_secret.reveal() if app.client_secret else "-"
    if not is_token(secret) or len(secret) > LONGEST_SECRET:
        raise LinkError("bad_app", f"The client secret has up to {LONGEST_SECRET} letters and digits, without blanks.")


def remove_app(user: User, *, provider: str) -> None:
    """Forgets a person's own app. Raises LinkError: unknown_provider, provider_disabled, app_in_use.

    A connection made with it could not renew its tokens with any other.
    """
    service = provider_for(provider)
    if queries.connections_for_user(user).filter(provider=service.slug, app__user=user).exists():
        raise LinkError("app_in_use", f"Your {service.name} is linked with this app. Unlink it first.")
    ProviderApp.objects.filter(user=user, provider=service.slug).delete()


def app_for(user: User, provider: str) -> ChosenApp:
    """The app that a new link of this person uses. Raises LinkError: unknown_provider, provider_disabled, no_app."""
    service = provider_for(provider)
    row = queries.app_for_user(user, service.slug) or queries.app_site_wide(service.slug)
    found = app_of_row(row, service.slug)
    if found is None:
        raise LinkError("no_app", f"Linking {service.name} is not set up here. Enter an app of your own, or ask us.")
    return found


def app_of_row(row: ProviderApp | None, slug: str) -> ChosenApp | None:
    """The app of a stored row; without a row that of the environment, else the public one (Kitsu), else None."""
    if row is not None:
        return ChosenApp(App.of(row.client_id, row.client_secret), row)
    client_id, client_secret = settings.PROVIDER_APPS.get(slug, ("", ""))
    app = App.of(client_id, client_secret)
    public = registry.get(slug).oauth.public_app
    if app.client_id:
        return ChosenApp(app)
    return ChosenApp(public) if public is not None else None
