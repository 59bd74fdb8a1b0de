"""How often: counted in the cache, for all processes together and atomically. 429 says when to come back.

DRF's own throttles read and write in two steps and are no protection (reliability.md 2.5). Reading and what strangers
send is counted here, by a window that slides; rates: settings.API_RATE_LIMITS. What costs more is counted by allauth,
together with the pages (accounts.web.limits): `sync`, `link` and `change`; rates: settings.ACCOUNT_RATE_LIMITS.
"""

from __future__ import annotations

import logging
import math
import time

from allauth.account.adapter import get_adapter
from allauth.core.internal.ratelimit import consume, get_cache_key, get_rates, parse_rates, truncate_ip
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from redis import RedisError
from rest_framework.request import Request

from accounts.api.problems import Problem

log = logging.getLogger(__name__)


def count(request: Request, action: str) -> None:
    """One more of `action` by this person, or by this address where nobody is signed in. Raises Problem (throttled)."""
    whose = f"person:{request.user.pk}" if request.user.is_authenticated else _address(request)
    try:
        if action in settings.API_RATE_LIMITS:
            wait = _count_in_window(action, whose)
        else:
            wait = _count_with_pages(request._request, action)
    except RedisError:
        # As on the pages: without Redis no service is asked and no run begins, so there is nothing to protect.
        log.warning("the limit of %s is not counted: Redis does not answer", action)
        return
    if wait:
        log.warning("%s is over the limit of %s", whose, action)
        _refuse(wait)


def count_refusal(request: Request) -> None:
    """A key or token that was not accepted. Raises Problem (throttled) where one address tries too many."""
    try:
        wait = _count_in_window("refused", _address(request))
    except RedisError:
        log.warning("refused keys are not counted: Redis does not answer")
        return
    if wait:
        _refuse(wait)


def _refuse(wait: float) -> None:
    seconds = max(1, math.ceil(wait))
    raise Problem("throttled", f"Try again in {seconds} s.", headers={"Retry-After": str(seconds)})


def _address(request: Request) -> str:
    """An IPv6 customer holds a whole network: one count for each, as allauth does it."""
    return f"address:{truncate_ip(get_adapter().get_client_ip(request._request))}"


def _count_in_window(action: str, whose: str) -> float:
    """Seconds to wait, 0 = may. The last window counts by the share of it that the sliding one still covers."""
    now = time.time()
    for rate in parse_rates(settings.API_RATE_LIMITS[action]):
        window, passed = divmod(now, rate.duration)
        mine, last = (f"api:{action}:{rate.amount}:{whose}:{int(number)}" for number in (window, window - 1))
        cache.add(mine, 0, timeout=2 * rate.duration)
        try:
            seen = cache.incr(mine)
        except ValueError:  # dropped in between
            continue
        before = cache.get(last, 0) * (1 - passed / rate.duration)
        if seen + before > rate.amount:
            cache.decr(mine)  # who was refused has not had it
            return float(rate.duration - passed)
    return 0.0


def _count_with_pages(request: HttpRequest, action: str) -> float:
    # A file is given out by GET, which allauth lets through uncounted unless told.
    if consume(request, app="allauth.account", action=action, user=request.user, limit_get=True):
        return 0.0
    waits = [0.0]
    for rate in get_rates(app="allauth.account", action=action):
        # allauth keeps the times of what it let through, newest first (65.21).
        history = cache.get(
            get_cache_key(request, app="allauth.account", action=action, rate=rate, user=request.user), []
        )
        if len(history) >= rate.amount:
            waits.append(history[rate.amount - 1] + rate.duration - time.time())
    return max(1.0, *waits)
