"""Links that a program begins and ends for a person, who signs in at the service in whatever browser they like.

There is no browser session to bind the way back to, so it is bound to the person: only somebody who is signed in as
the one who began the link can end it, by a key or in a browser, and the state is used up by whoever comes first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.debug import sensitive_variables

from integrations import oauth
from integrations.crypto import Secret
from integrations.models import Connection
from integrations.services import apps, callbacks, providers
from integrations.services.connecting import Started, allowed_redirect, begin_link
from integrations.services.exchanging import Way, exchange, exchange_attempt
from integrations.services.refusals import LinkError, check_way

if TYPE_CHECKING:
    from accounts.models import User

LONGEST = 8_192
"""Characters of a code or a verifier."""


def start_link_from_app(user: User, *, provider: str, redirect_uri: str | None = None) -> Started:
    """redirect_uri: one of settings.OAUTH_REDIRECT_URIS of this provider; the first, which is ours, by default.

    Raises LinkError: unknown_provider, provider_disabled, wrong_way, no_app, foreign_redirect.
    """
    return begin_link(user, provider=provider, bound_to=callbacks.person_binding(user), redirect_uri=redirect_uri)


@sensitive_variables()
def finish_link_from_app(user: User, *, provider: str, code: str, state: str) -> Connection:
    """What the service sent to the redirect address, for a link that `start_link_from_app` began. Raises LinkError."""
    service = providers.provider_for(provider)
    attempt = callbacks.take_attempt(user, provider=service.slug, session_key="", state=state)
    return exchange_attempt(user, service, attempt=attempt, code=_code_of(code, name=service.name))


@sensitive_variables()
def link_with_code(
    user: User, *, provider: str, code: str, redirect_uri: str, code_verifier: str | None = None
) -> Connection:
    """For a program that sent the person to the service by itself, with the app that this person would use here.

    It had to see to state and verifier itself. Raises LinkError: as `finish_link`, and foreign_redirect.
    """
    service = providers.provider_for(provider)
    check_way(service, "code")
    chosen = apps.app_for(user, service.slug)
    target = allowed_redirect(service.slug, redirect_uri)
    if service.oauth.pkce and not (code_verifier and oauth.is_token(code_verifier) and len(code_verifier) <= LONGEST):
        raise LinkError("missing_parameter", f"{service.name} needs the code_verifier that its page was opened with.")
    verifier = Secret(code_verifier) if code_verifier else None
    return exchange(user, service, chosen=chosen, code=_code_of(code, name=service.name), way=Way(target, verifier))


def _code_of(text: str, *, name: str) -> Secret:
    if not oauth.is_token(text) or len(text) > LONGEST:
        raise LinkError("code_rejected", f"This is not a code of {name}. Please start again.")
    return Secret(text)
