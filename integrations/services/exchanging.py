"""Turning the code that a service sent back into tokens, and these into a connection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.views.decorators.debug import sensitive_variables

from integrations import oauth
from integrations.crypto import Secret
from integrations.errors import ProviderError
from integrations.models import Connection, LinkAttempt
from integrations.providers.base import Provider
from integrations.services import apps, providers
from integrations.services.linking import LINK_WAIT, identify, store_link
from integrations.services.refusals import LinkError, explain_failure

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True, slots=True)
class Way:
    """How a code was asked for. verifier: of PKCE, where there is one."""

    redirect_uri: str
    verifier: Secret | None = field(default=None, repr=False)


@sensitive_variables()
def exchange_attempt(user: User, service: Provider, *, attempt: LinkAttempt, code: Secret) -> Connection:
    """The connection for a code that belongs to an attempt of ours. Raises LinkError."""
    chosen = apps.app_of_row(attempt.app, service.slug)
    if chosen is None:
        raise LinkError("no_app", f"Linking {service.name} is not set up here any more.")
    return exchange(user, service, chosen=chosen, code=code, way=Way(attempt.redirect_uri, attempt.verifier))


@sensitive_variables()
def exchange(user: User, service: Provider, *, chosen: apps.ChosenApp, code: Secret, way: Way) -> Connection:
    """Raises LinkError, and nothing else, for all that can come from outside."""
    line = providers.open_line(
        service, klass="interactive", app=chosen.app.client_id, token=str(user.pk), max_wait=LINK_WAIT
    )
    try:
        grant = oauth.exchange_code(
            service.oauth,
            line,
            app=chosen.app,
            code=code,
            redirect_uri=way.redirect_uri,
            verifier=way.verifier,
        )
        account = identify(service, grant, client_id=chosen.app.client_id, person=str(user.pk))
    except ProviderError as error:
        raise explain_failure(error, is_own_app=chosen.is_own) from error
    return store_link(user, service, account=account, grant=grant, app=chosen.row)
