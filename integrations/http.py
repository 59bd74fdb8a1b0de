"""The one place where requests leave. (signatures; the body follows)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """status, headers (lower-case names), body as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_json(self) -> bool:
        return "json" in self.headers.get("content-type", "")

    def decode(self, shape: type[T], *, provider: str = "") -> T:
        """The body as a msgspec Struct. Raises Malformed with the path of what does not fit."""
        raise NotImplementedError


class Session:
    """One person's conversation with one provider, for the length of a run.

    account_id, account_settings: of the connection; "" and {} before the person is known.
    requests: how many HTTP requests were made.
    """

    account_id: str
    account_settings: Mapping[str, Any]
    requests: int

    def send(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        repeatable: bool = False,
    ) -> Answer:
        """One request with the person's token, after the budget allows it; 2xx answers only.

        repeatable: may be sent again by itself after a Transient failure (reads).
        Raises ProviderError as the provider's `judge` says; on AuthRevoked the token is renewed once and the
        request sent once more.
        """
        raise NotImplementedError
