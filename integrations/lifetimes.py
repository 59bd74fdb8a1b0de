"""When a stored token wants attention. Pure: every function is given the present time.

Refresh tokens live for about a month at MyAnimeList (myanimelist.md 1.4) and are single use at others, so a pair is
renewed at half the life of its access token, at the latest after a week, at the earliest after half a day: an idle
connection then neither dies nor costs a call an hour. In use, a token about to run out is renewed in any case.

A service may ask for more patience: Kitsu's pairs are shared by all apps of a person, and whoever renews logs the
others out (kitsu.md 2.4).
"""

from __future__ import annotations

from datetime import datetime, timedelta

WEEK = timedelta(days=7)
HALF_DAY = timedelta(hours=12)
IN_USE_MARGIN = timedelta(minutes=10)
"""A token with less life than this left is renewed before a run begins."""
NOTICE_DAYS = (30, 7, 1)
"""Days before the end at which a person is told, where only they can renew (AniList's year, anilist.md 1.4)."""


def renewal_due(
    expires_at: datetime | None,
    *,
    now: datetime,
    spread: float,
    when_left: timedelta | None = None,
    share_left: float = 0.0,
) -> datetime:
    """When a pair obtained `now` is renewed although nobody uses it. spread: 0..1, takes off up to a tenth.

    The spread keeps people who linked in one hour from renewing in one minute for ever after.
    when_left, share_left: renew no sooner than when this much time, or this share of the life, is left, whichever is
    longer; a pair that has no more than that from the start is renewed at half its life.
    """
    if expires_at is not None and (when_left is not None or share_left):
        return _late_renewal(
            expires_at, now=now, spread=spread, left=max(when_left or timedelta(0), (expires_at - now) * share_left)
        )
    life = WEEK * 2 if expires_at is None else expires_at - now
    wait = min(WEEK, max(life / 2, HALF_DAY))
    return now + wait * (1 - 0.1 * spread)


def _late_renewal(expires_at: datetime, *, now: datetime, spread: float, left: timedelta) -> datetime:
    life = expires_at - now
    left = min(left, life / 2)
    # The spread takes from what is left: renewing sooner is what the service does not want.
    return expires_at - left * (1 - 0.1 * spread)


def is_renewal_due(*, due_at: datetime | None, expires_at: datetime | None, now: datetime) -> bool:
    """True when a token should be renewed before it is used."""
    if due_at is not None and now >= due_at:
        return True
    return expires_at is not None and now >= expires_at - IN_USE_MARGIN


def is_usable(expires_at: datetime | None, *, now: datetime) -> bool:
    """True while the service should still take the token; a minute is left for the call itself."""
    return expires_at is None or now < expires_at - timedelta(minutes=1)


def notice_due(expires_at: datetime | None, *, now: datetime) -> datetime | None:
    """The next notice after `now`, the last one being the end itself; None when nothing is known or left."""
    if expires_at is None:
        return None
    times = [expires_at - timedelta(days=days) for days in NOTICE_DAYS] + [expires_at]
    return next((at for at in times if at > now), None)


def days_left(expires_at: datetime, *, now: datetime) -> int:
    """Whole days, rounded up; 0 once it is over."""
    return max(0, -((now - expires_at) // timedelta(days=1)))
