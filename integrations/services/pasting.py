"""Linking by a token that a service showed to the person: AniList's PIN page and implicit grant."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from integrations import oauth
from integrations.crypto import Secret
from integrations.errors import AuthRevoked, ProviderError
from integrations.models import Connection
from integrations.services import providers
from integrations.services.linking import identify, store_link
from integrations.services.refusals import LinkError, explain_failure

if TYPE_CHECKING:
    from accounts.models import User


@sensitive_variables()
def paste_token(user: User, *, provider: str, token: str) -> Connection:
    """Links with a token that the service showed to the person, or with the whole address that it stands in.

    Only where tokens live long and none is refreshed (AniList, anilist.md 1.3). Raises LinkError: unknown_provider,
    provider_disabled, no_paste, bad_token, account_taken, unavailable, not_understood.
    """
    service = providers.provider_for(provider)
    if service.oauth.refreshes:
        raise LinkError("no_paste", f"{service.name} cannot be linked by a token. Use its sign-in page instead.")
    text = _find_token(token)
    if len(text) < 16 or "://" in text or not oauth.is_token(text):
        raise LinkError("bad_token", f"This is not a token of {service.name}. Copy the whole of it.")
    expires_at = oauth.read_expiry_of_token(text)
    if expires_at is not None and expires_at <= timezone.now():
        raise LinkError("bad_token", f"This token of {service.name} has run out. Get a new one.")
    grant = oauth.Grant(access_token=Secret(text), refresh_token=None, expires_at=expires_at)
    try:
        account = identify(service, grant, person=str(user.pk))
    except AuthRevoked as error:
        raise LinkError("bad_token", f"{service.name} does not accept this token. Get a new one.") from error
    except ProviderError as error:
        raise explain_failure(error) from error
    return store_link(user, service, account=account, grant=grant, app=None)


def _find_token(text: str) -> str:
    """The token in an address like …/pin#access_token=…&token_type=Bearer, else the text itself."""
    text = text.strip()
    try:
        found = parse_qs(urlsplit(text).fragment).get("access_token", [])
    except ValueError:
        return text
    return found[0] if len(found) == 1 else text
