"""How the services turn away who asks too often, as far as it is known."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass
class Minute:
    """So many requests in a minute that begins with the first; one too many locks the address out.

    limit: 0 = none. left: what the headers tell. Locked-out requests do not prolong the lock.
    """

    limit: int
    lockout: float
    began: float = float("-inf")
    count: int = 0
    locked_until: float = float("-inf")

    def wait(self, now: float) -> float:
        """0 = allowed and counted; else seconds until the lock opens."""
        if not self.limit:
            return 0.0
        # Stepped back by more than a window: the old window means nothing any more.
        if now < self.began or now - self.began >= 60:
            self.began, self.count = now, 0
        if self.began <= now < self.locked_until:
            return self.locked_until - now
        if self.count >= self.limit:
            self.locked_until = now + self.lockout
            return self.lockout
        self.count += 1
        return 0.0

    @property
    def left(self) -> int:
        return max(0, self.limit - self.count)


@dataclass
class Burst:
    """More than `limit` requests within `seconds`, counted over the last ones; 0 = none. One too many locks the address
    out for `lockout` seconds."""

    limit: int
    seconds: float = 1.0
    lockout: float = 0.0
    recent: deque[float] = field(default_factory=deque)
    locked_until: float = float("-inf")

    def allows(self, now: float) -> bool:
        if not self.limit:
            return True
        if self.locked_until - self.lockout <= now < self.locked_until:
            return False
        while self.recent and not 0 <= now - self.recent[0] < self.seconds:
            self.recent.popleft()
        if len(self.recent) >= self.limit:
            self.locked_until = now + self.lockout
            return False
        self.recent.append(now)
        return True


@dataclass
class Shield:
    """A sustained rate with some room for bursts; who empties it is blocked for a while.

    rate: requests a second, 0 = none. room: requests that may come at once.
    """

    rate: float
    room: int
    block: float
    level: float = 0.0
    at: float = float("-inf")
    blocked_until: float = float("-inf")

    def allows(self, now: float) -> bool:
        if not self.rate:
            return True
        if self.at <= now < self.blocked_until:
            return False
        passed = max(0.0, now - self.at)
        self.level = max(0.0, self.level - passed * self.rate) if passed != float("inf") else 0.0
        self.at = now
        if self.level + 1 > self.room:
            self.blocked_until = now + self.block
            return False
        self.level += 1
        return True
