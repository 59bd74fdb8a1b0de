"""Trouble: dead tokens, limits, lost answers, outages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from integrations import errors
from integrations.http import Session
from integrations.providers.base import Removal
from library.entry import Kind
from tests.contract.contract import FULL, Contract
from tests.contract.stage import Stage


class TroubleContract(Contract):
    def test_a_dead_token_is_told_from_everything_else(self, stage: Stage, alice: Session) -> None:
        external_id = self.titles[Kind.ANIME][0]
        self.create(alice, Kind.ANIME, external_id)
        stage.control("POST", "tokens", {"account": "alice", "revoke": True})
        with pytest.raises(errors.AuthRevoked):
            self.provider.read(alice, frozenset(Kind))
        with pytest.raises(errors.AuthRevoked):
            self.provider.identify(alice)
        with pytest.raises(errors.AuthRevoked):
            self.write(alice, self.writing(Kind.ANIME, external_id, FULL))
        with pytest.raises(errors.AuthRevoked):
            self.provider.remove(alice, [Removal(Kind.ANIME, external_id, "1")])
        with pytest.raises(errors.AuthRevoked):
            self.provider.read(stage.open_session("nonsense", account_id=alice.account_id), frozenset(Kind))
        assert len(stage.native("alice")) == 1

    @pytest.mark.parametrize("headers", [True, False])
    def test_too_many_requests(self, stage: Stage, alice: Session, headers: bool) -> None:
        stage.break_next("rate_limit", times=None, retry_after=17, headers=headers)
        for call in (
            lambda: self.provider.read(alice, frozenset(Kind)),
            lambda: self.write(alice, self.writing(Kind.ANIME, self.titles[Kind.ANIME][0], FULL, create=True)),
        ):
            asked = alice.requests
            with pytest.raises(errors.RateLimited) as raised:
                call()
            assert (alice.requests - asked, raised.value.unsent) == (1, True)
            assert raised.value.retry_after > 0
        assert stage.native("alice") == []

    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("body", ["json", "html"])
    @pytest.mark.parametrize("status", [500, 502])
    def test_a_lost_answer_to_a_write_is_unknown(
        self, stage: Stage, alice: Session, *, when: str, body: str, status: int
    ) -> None:
        stage.break_next("error", status=status, when=when, body=body)
        entry = self.expected(Kind.ANIME, FULL)
        write = self.writing(Kind.ANIME, self.titles[Kind.ANIME][0], entry, create=True)
        error = self.write(alice, write)[0].error
        assert isinstance(error, errors.Transient)
        assert error.unsent is False
        assert len(self.read(alice)) == (1 if when == "after" else 0)
        # What was unknown is simply brought about: absolute values, whatever happened before.
        assert self.write(alice, write)[0].error is None
        assert [one.entry for one in self.read(alice).values()] == [entry]

    @pytest.mark.parametrize("fault", [{"kind": "cut"}, {"kind": "reset", "when": "after"}])
    def test_a_cut_answer_to_a_write_is_unknown(self, stage: Stage, alice: Session, fault: Mapping[str, Any]) -> None:
        stage.break_next(**fault)
        write = self.writing(Kind.ANIME, self.titles[Kind.ANIME][0], self.expected(Kind.ANIME, FULL), create=True)
        error = self.write(alice, write)[0].error
        assert isinstance(error, errors.Transient)
        assert error.unsent is False
        assert len(self.read(alice)) == 1

    @pytest.mark.parametrize(
        "fault",
        [
            {"kind": "error", "status": 500},
            {"kind": "error", "status": 503, "body": "html"},
            {"kind": "html", "status": 200, "text": "checking your browser"},
            {"kind": "html", "status": 403},
            {"kind": "cut"},
            {"kind": "reset"},
        ],
    )
    def test_an_outage_is_never_an_empty_list(self, stage: Stage, alice: Session, fault: Mapping[str, Any]) -> None:
        self.create(alice, Kind.ANIME, self.titles[Kind.ANIME][0])
        stage.break_next(times=None, **fault)
        with pytest.raises(errors.Transient):
            self.provider.read(alice, frozenset(Kind))
        stage.control("DELETE", "faults")
        assert len(self.read(alice)) == 1

    @pytest.mark.parametrize("fault", [{"kind": "error", "status": 502}, {"kind": "cut"}, {"kind": "reset"}])
    def test_one_failure_while_reading_is_overcome(
        self, stage: Stage, alice: Session, fault: Mapping[str, Any]
    ) -> None:
        self.create(alice, Kind.ANIME, self.titles[Kind.ANIME][0])
        stage.break_next(**fault)
        assert len(self.read(alice)) == 1
