"""Secrets of second factors: sealed, counted and rotated like tokens."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP

from accounts.models import User
from integrations.crypto import DecryptionError, new_key
from integrations.services.factors import factors_per_key, open_factor, seal_factor
from integrations.services.rotating import missing_keys, rotate, rows_per_key

SECRET = "JBSWY3DPEHPK3PXP"
OLD, NEW = new_key("old"), new_key("new")


@pytest.fixture
def sealed(alice: User, settings: Any) -> User:
    """An authenticator app and recovery codes, under the old key."""
    settings.TOKEN_KEYS = OLD
    TOTP.activate(alice, SECRET)
    RecoveryCodes.activate(alice)
    return alice


def codes() -> list[str]:
    found: list[str] = Authenticator.objects.get(type="recovery_codes").wrap().generate_codes()
    return found


def test_what_is_sealed_opens_and_is_never_the_same(settings: Any) -> None:
    first, second = seal_factor(SECRET), seal_factor(SECRET)
    assert first != second
    assert SECRET not in first
    assert open_factor(first) == open_factor(second) == SECRET


def test_a_key_is_left_only_when_no_factor_needs_it(sealed: User, settings: Any) -> None:
    before = codes()
    assert rows_per_key() == dict(factors_per_key()) == {"old": 2}
    settings.TOKEN_KEYS = f"{NEW},{OLD}"
    assert (rotate(dry_run=True).moved, rows_per_key()) == (2, {"old": 2})
    assert (rotate().moved, rows_per_key()) == (2, {"new": 2})
    assert rotate().moved == 0
    settings.TOKEN_KEYS = NEW
    assert missing_keys() == {}
    assert open_factor(Authenticator.objects.get(type="totp").data["secret"]) == SECRET
    assert codes() == before


def test_a_lost_key_is_told(sealed: User, settings: Any) -> None:
    settings.TOKEN_KEYS = NEW
    tally = rotate()
    assert (tally.moved, {place for place, _ in tally.unreadable}) == (0, {"mfa.Authenticator"})
    assert missing_keys() == {"old": 2}
    with pytest.raises(DecryptionError):
        codes()


def test_a_passkey_is_left_alone(alice: User) -> None:
    data = {"name": "laptop", "credential": {"id": "x"}}
    Authenticator.objects.create(user=alice, type="webauthn", data=data)
    assert (rotate().moved, rows_per_key()) == (0, {})
    assert Authenticator.objects.get().data == data
