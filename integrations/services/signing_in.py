"""Linking with the name and password of the service itself, where it knows no other way (Kitsu, kitsu.md 2.1).

Both are exchanged at once and forgotten: they are never stored, logged or given to a task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from integrations import oauth
from integrations.breaker import Breaker
from integrations.crypto import Secret
from integrations.errors import ProviderError, RateLimited
from integrations.limits import RedisLimiter
from integrations.line import Line
from integrations.models import Connection
from integrations.providers.base import Provider
from integrations.services import apps, providers
from integrations.services.linking import identify, store_link
from integrations.services.refusals import LinkError, check_way, explain_failure

if TYPE_CHECKING:
    from accounts.models import User

LOGIN_WAIT = 8.0
"""Seconds that a person waits for their turn while others sign in."""
LONGEST = 1_024


@sensitive_variables()
def link_with_password(user: User, *, provider: str, username: str, password: str) -> Connection:
    """Links with what the person signs in with at the service. The password is sent as it is, blanks included.

    Raises LinkError: unknown_provider, provider_disabled, wrong_way, no_app, bad_credentials, busy, app_rejected,
    unavailable, not_understood, bad_token, account_taken.
    """
    service = providers.provider_for(provider)
    check_way(service, "password")
    chosen = apps.app_for(user, service.slug)
    name, secret = Secret(username.strip()), Secret(password)
    if not name.reveal() or not password or max(len(username), len(password)) > LONGEST:
        raise LinkError("bad_credentials", f"Enter the name and the password that you use at {service.name}.")
    line = open_login_line(service, max_wait=LOGIN_WAIT)
    try:
        grant = oauth.password_grant(service.oauth, line, app=chosen.app, username=name, password=secret)
    except RateLimited as error:
        text = f"Many people are signing in at {service.name} at this moment. Please try again in a minute."
        raise LinkError("busy", text) from error
    except ProviderError as error:
        raise explain_failure(error, is_own_app=chosen.is_own) from error
    try:
        account = identify(service, grant, client_id=chosen.app.client_id, person=str(user.pk))
    except ProviderError as error:
        raise explain_failure(error) from error
    return store_link(user, service, account=account, grant=grant, app=chosen.row)


def open_login_line(provider: Provider, *, max_wait: float) -> Line:
    """A line for password grants. The service counts them apart, whoever they are for, and so do we (kitsu.md 4).

    What its counter says or refuses tells nothing about other calls.
    """
    redis = providers.redis_client()
    limiter = RedisLimiter(
        redis,
        f"{provider.slug}-login",
        (provider.oauth.login_budget,),
        address=settings.EGRESS_ADDRESS,
        klass="interactive",
        max_wait=max_wait,
        may_raise=False,
    )
    breaker = Breaker(redis, provider.slug)
    client = providers.http_client()
    return Line(provider, client=client, limiter=limiter, breaker=breaker, sandbox_url=settings.SANDBOX_URL)
