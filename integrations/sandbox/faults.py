"""Trouble on demand: what the services do on a bad day, made to happen on a good one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from integrations.sandbox.luck import seeded
from integrations.sandbox.shapes import ControlError, FaultCall, check_like, read_shape

ANSWERS: Mapping[str, Mapping[str, Any]] = {
    # Option names with their defaults. `when`: before or after the request took effect.
    "latency": {"seconds": 1.0},
    "clock": {"seconds": 3600.0},
    "rate_limit": {"retry_after": 60.0, "headers": True},
    "error": {"status": 500, "when": "before", "body": "json"},
    "html": {"status": 403, "when": "before", "text": "Request blocked"},
    "cut": {"keep": None},
    "reset": {"when": "before"},
}
TWISTS: Mapping[str, Mapping[str, Any]] = {
    # These change what a fake answers from within; it asks for them where they can apply.
    "empty_list": {},
    "short_list": {"keep": 1},
    "expired_token": {},
    "revoked_token": {},
    "refuse_refresh": {},
}
KINDS = {**ANSWERS, **TWISTS}


@dataclass
class Fault:
    """endpoint: a shell pattern for the endpoint's name, as the request counters show it.

    times: how often it strikes before it is spent, None = for ever. skip: matching requests to let pass first.
    """

    id: int
    kind: str
    endpoint: str = "*"
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    options: dict[str, Any] = field(default_factory=dict)
    hits: int = 0

    def as_json(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("id", "kind", "endpoint", "times", "skip", "probability", "hits")}
        return {**own, **self.options}


class Faults:
    """The faults set for one provider, in the order they were set."""

    def __init__(self, purpose: str) -> None:
        self._random = seeded(purpose)
        self._all: list[Fault] = []
        self._last_id = 0

    def add(self, data: Mapping[str, Any]) -> Fault:
        """Raises ControlError."""
        general = {name: data[name] for name in FaultCall.__struct_fields__ if name in data}
        call = read_shape(general, FaultCall)
        if call.kind not in KINDS:
            raise ControlError(f"kind must be one of {', '.join(KINDS)}")
        options = dict(KINDS[call.kind])
        for name in set(data) - set(general):
            if name not in options:
                raise ControlError(f"{call.kind} takes {', '.join(options) or 'no options'}, not {name}")
            check_like(name, data[name], like=0 if options[name] is None else options[name])
            options[name] = data[name]
        if options.get("when", "before") not in ("before", "after"):
            raise ControlError("when must be before or after")
        self._last_id += 1
        fault = Fault(self._last_id, **msgspec.structs.asdict(call), options=options)
        self._all.append(fault)
        return fault

    def take(self, endpoint: str, kinds: Mapping[str, Any]) -> list[Fault]:
        """The faults of these kinds that strike this request; each is counted and spent."""
        return [fault for fault in list(self._all) if fault.kind in kinds and self._strikes(fault, endpoint)]

    def _strikes(self, fault: Fault, endpoint: str) -> bool:
        if not fnmatchcase(endpoint, fault.endpoint):
            return False
        if fault.skip > 0:
            fault.skip -= 1
            return False
        if fault.times is not None and fault.times <= 0:
            return False
        # Drawn only when asked for, so that a fault without odds does not move the others' luck.
        if fault.probability < 1.0 and self._random.random() >= fault.probability:
            return False
        fault.hits += 1
        if fault.times is not None:
            fault.times -= 1
        return True

    def clear(self, fault_id: int | None = None) -> int:
        """Remove one fault or all; how many were removed."""
        before = len(self._all)
        self._all = [] if fault_id is None else [fault for fault in self._all if fault.id != fault_id]
        return before - len(self._all)

    def as_json(self) -> list[dict[str, Any]]:
        return [fault.as_json() for fault in self._all]
