"""How often one person may do what costs everybody: rates are in settings.ACCOUNT_RATE_LIMITS, allauth counts them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponse
from redis import RedisError

from accounts.web.pages import View

RETRY_SECONDS = 60
"""The shortest window in use. Whoever comes back then may have to wait once more."""

log = logging.getLogger(__name__)


def limited(action: str) -> Callable[[View], View]:
    """At most the rate of `action` a person, else 429. Looking (GET) is not counted. Below person_action or _form."""

    def wrap(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if _may(request, action):
                return view(request, *args, **kwargs)
            log.warning("person %s is over the limit of %s", request.user.pk, action)
            refusal: HttpResponse = ratelimit.respond_429(request)
            refusal["Retry-After"] = str(RETRY_SECONDS)
            return refusal

        return answer

    return wrap


def _may(request: HttpRequest, action: str) -> bool:
    try:
        return bool(request.method == "HEAD" or ratelimit.consume(request, action=action, user=request.user))
    except RedisError:
        # Without Redis no service is asked and no run begins, so there is nothing to protect; edits go on.
        log.warning("the limit of %s is not counted: Redis does not answer", action)
        return True
