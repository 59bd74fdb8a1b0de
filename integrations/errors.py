"""What can go wrong at a service, named by what the caller must do. Pure.

    ProviderError
    ├── Transient       try again later; on a write the outcome is unknown: read before writing again
    │   ├── RateLimited     wait `retry_after` seconds; nothing was done
    │   │   └── Stopping        this worker is about to end: the next one goes on
    │   ├── Unavailable     the whole service is away: the breaker opens; nothing was done or it is unknown
    │   └── Doubtful        of one write it is unknown whether it was done: go on with the rest
    ├── AuthRevoked     the token is dead: refresh once, then the person must sign in again
    ├── Rejected        this entry only: park it, go on with the rest
    │   └── Gone            the work or the entry is not there (any more)
    └── Malformed       an answer we do not understand: drift, ours to repair

No HTTP status and no library exception crosses integrations/. Messages hold no secret, no query string and
no text of a person's list.
"""

from __future__ import annotations


class ProviderError(Exception):
    """`provider`: slug. `message`: fit for a person. `unsent`: True when the request surely had no effect."""

    unsent = False

    def __init__(self, message: str, *, provider: str = "") -> None:
        super().__init__(message)
        self.provider = provider
        self.message = message


class Transient(ProviderError):
    pass


class RateLimited(Transient):
    """`retry_after`: seconds until a request may be allowed, >= 0."""

    unsent = True

    def __init__(self, message: str, *, provider: str = "", retry_after: float) -> None:
        super().__init__(message, provider=provider)
        self.retry_after = retry_after


class Stopping(RateLimited):
    pass


class Unavailable(Transient):
    """`retry_after`: seconds the breaker stays open, where known."""

    def __init__(self, message: str, *, provider: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, provider=provider)
        self.retry_after = retry_after


class Doubtful(Transient):
    pass


class AuthRevoked(ProviderError):
    unsent = True


class Rejected(ProviderError):
    unsent = True


class Gone(Rejected):
    pass


class Malformed(ProviderError):
    """`path`: where in the payload, e.g. "$.data.anime.lists[3].entries[0].score"."""

    def __init__(self, message: str, *, provider: str = "", path: str = "") -> None:
        super().__init__(message, provider=provider)
        self.path = path
