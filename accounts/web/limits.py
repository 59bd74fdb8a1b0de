"""How often one person may do what costs everybody: rates are in settings.ACCOUNT_RATE_LIMITS, allauth counts them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.core import ratelimit
from allauth.core.internal.ratelimit import consume
from django.http import HttpRequest, HttpResponse
from redis import RedisError

from accounts.web.pages import View

RETRY_SECONDS = 60
"""The shortest window in use. Whoever comes back then may have to wait once more."""

log = logging.getLogger(__name__)


def limited(action: str, *, looking: bool = False) -> Callable[[View], View]:
    """At most the rate of `action` a person, else 429. Below person_action or _form. looking: GET is counted too."""

    def wrap(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if _may(request, action, looking=looking):
                return view(request, *args, **kwargs)
            log.warning("person %s is over the limit of %s", request.user.pk, action)
            refusal: HttpResponse = ratelimit.respond_429(request)
            refusal["Retry-After"] = str(RETRY_SECONDS)
            return refusal

        return answer

    return wrap


def _may(request: HttpRequest, action: str, *, looking: bool) -> bool:
    if request.method == "HEAD" and not looking:
        return True
    try:
        # allauth's public function has no way to count a GET.
        return bool(consume(request, app="allauth.account", action=action, user=request.user, limit_get=looking))
    except RedisError:
        # Without Redis no service is asked and no run begins, so there is nothing to protect; edits go on.
        log.warning("the limit of %s is not counted: Redis does not answer", action)
        return True
