"""What every fake has: a clock, works, apps and tokens, settings, faults and a journal of what was asked."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from werkzeug.wrappers import Request, Response

from integrations.sandbox.answers import block_page, cut_short
from integrations.sandbox.catalogue import Work, load_works
from integrations.sandbox.clock import Clock
from integrations.sandbox.faults import ANSWERS, TWISTS, Fault, Faults
from integrations.sandbox.grants import App, Grants
from integrations.sandbox.journal import Handled, Journal
from integrations.sandbox.shapes import ControlError, Edit, NewAccount, NewApp, check_like


class DropConnection(ConnectionResetError):
    """Leaves the client without an answer."""


@dataclass
class World:
    """What all fakes of one sandbox share. lock: held while a request or a control call touches state."""

    clock: Clock = field(default_factory=Clock)
    works: tuple[Work, ...] = field(default_factory=load_works)
    lock: threading.RLock = field(default_factory=threading.RLock)


@dataclass
class Exchange:
    """One request on its way through a fake.

    host, path: of the real service. endpoint: the name that counters and fault patterns use.
    metered: counts towards the rate limit. account, writes: filled in while it is answered.
    """

    request: Request
    host: str
    path: str
    endpoint: str = ""
    metered: bool = False
    account: str = ""
    writes: list[str] = field(default_factory=list)

    @property
    def root(self) -> str:
        """This sandbox's address, where a service would name its own."""
        return self.request.host_url.rstrip("/")

    @property
    def address(self) -> str:
        return self.request.remote_addr or ""


class Fake(ABC):
    """One service. `describe` names the endpoint, `answer` answers; both run under the world's lock."""

    slug: ClassVar[str]
    hosts: ClassVar[tuple[str, ...]]
    defaults: ClassVar[Mapping[str, Any]]
    """The settings with their first values; a setting keeps its type."""
    choices: ClassVar[Mapping[str, tuple[Any, ...]]]
    """For a setting that is one of several words or numbers: which."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.reset()

    def reset(self) -> None:
        """As new: the same ids, tokens and luck after every reset."""
        self.settings: dict[str, Any] = dict(self.defaults)
        self.grants = Grants(f"{self.slug}:tokens")
        self.faults = Faults(f"{self.slug}:faults")
        self.journal = Journal()
        self.reset_store()
        self.settings_changed()

    @property
    def clock(self) -> Clock:
        return self.world.clock

    def handle(self, exchange: Exchange) -> Response:
        """Raises DropConnection where a fault leaves the client without an answer."""
        with self.world.lock:
            self.describe(exchange)
            faults = {fault.kind: fault for fault in self.faults.take(exchange.endpoint, ANSWERS)}
        if "latency" in faults:
            time.sleep(float(faults["latency"].options["seconds"]))
        with self.world.lock:
            if "clock" in faults:
                self.clock.step(float(faults["clock"].options["seconds"]))
            response = self._answer_under(exchange, faults)
            self.journal.add(
                Handled(
                    endpoint=exchange.endpoint,
                    status=response.status_code if response is not None else 0,
                    at=self.clock.now(),
                    account=exchange.account,
                    metered=exchange.metered,
                    writes=tuple(exchange.writes),
                )
            )
        if response is None:
            raise DropConnection
        return response

    def _answer_under(self, exchange: Exchange, faults: Mapping[str, Fault]) -> Response | None:
        """None = the connection is dropped."""
        order = ("rate_limit", "error", "html", "reset", "cut")
        chosen = next((faults[kind] for kind in order if kind in faults), None)
        if chosen is None:
            return self.answer(exchange)
        if chosen.kind == "rate_limit":
            return self.too_many(float(chosen.options["retry_after"]), headers=bool(chosen.options["headers"]))
        response = None
        if chosen.options.get("when", "after") == "after":
            response = self.answer(exchange)
        if chosen.kind == "reset":
            return None
        if chosen.kind == "cut" and response is not None:
            return cut_short(response, chosen.options["keep"])
        status = int(chosen.options["status"])
        if chosen.kind == "html" or chosen.options["body"] == "html":
            return block_page(status, str(chosen.options.get("text", "Bad gateway")))
        return self.server_error(status)

    def twist(self, exchange: Exchange, kind: str) -> Fault | None:
        """The fault of this kind that strikes this request, if one does."""
        assert kind in TWISTS, kind
        return next(iter(self.faults.take(exchange.endpoint, {kind: None})), None)

    def change_settings(self, changes: Mapping[str, Any]) -> None:
        """Raises ControlError."""
        for name, value in changes.items():
            if name not in self.defaults:
                raise ControlError(f"{self.slug} has no setting {name!r}; it has {', '.join(sorted(self.defaults))}")
            check_like(name, value, like=self.defaults[name])
            if value not in self.choices.get(name, (value,)):
                raise ControlError(f"{name} must be one of {', '.join(map(str, self.choices[name]))}")
        self.settings.update(changes)
        self.settings_changed()

    @abstractmethod
    def reset_store(self) -> None: ...

    @abstractmethod
    def settings_changed(self) -> None:
        """Called after settings moved and after a reset."""

    @abstractmethod
    def describe(self, exchange: Exchange) -> None:
        """Fill in `endpoint` and `metered`."""

    @abstractmethod
    def answer(self, exchange: Exchange) -> Response: ...

    @abstractmethod
    def too_many(self, retry_after: float, *, headers: bool) -> Response:
        """The service's 429."""

    @abstractmethod
    def server_error(self, status: int) -> Response:
        """The service's own 5xx, in its JSON."""

    # What the control API asks of a fake. Each raises ControlError.

    def own_actions(self) -> Mapping[str, Callable[[Mapping[str, Any]], Any]]:
        """Control calls that only this service has: "POST devices" → what it does."""
        return {}

    @abstractmethod
    def add_app(self, data: NewApp) -> App: ...

    @abstractmethod
    def add_works(self, works: Iterable[Work]) -> None: ...

    @abstractmethod
    def change_work(self, data: Mapping[str, Any]) -> None:
        """Add, alter or ("removed": true) remove one work, in the service's words."""

    @abstractmethod
    def account_names(self) -> list[str]: ...

    @abstractmethod
    def add_account(self, data: NewAccount) -> int:
        """The new account's id; nothing is left behind when something in `data` is wrong."""

    @abstractmethod
    def read_account(self, name: str) -> dict[str, Any]: ...

    @abstractmethod
    def edit_account(self, name: str, data: Edit) -> list[dict[str, Any]]:
        """A person at work on the site; the entries that were changed or made."""

    @abstractmethod
    def remove_account(self, name: str) -> None: ...

    @abstractmethod
    def account_id(self, name: str) -> int: ...

    @abstractmethod
    def issue_token(self, account_id: int, client_id: str) -> dict[str, Any]:
        """The token endpoint's answer for this account."""
