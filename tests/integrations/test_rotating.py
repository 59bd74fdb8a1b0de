"""Changing the ring while rows are sealed under the old one."""

from __future__ import annotations

import io
import threading
import uuid
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from integrations import crypto
from integrations.crypto import Secret
from integrations.fields import Sealed
from integrations.models import Connection, LinkAttempt, ProviderApp
from integrations.services import rotating

OLD, NEW = crypto.new_key("old"), crypto.new_key("new")


@pytest.fixture(autouse=True)
def ring(settings: Any) -> None:
    settings.TOKEN_KEYS = OLD


def link(number: int) -> Connection:
    user = User.objects.create_user(f"person{number}@example.org")
    return Connection.objects.create(user=user, provider="anilist", access_token=f"a{number}", refresh_token="r")


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("rotate_keys", *arguments, stdout=out, stderr=out)
    return out.getvalue()


@pytest.mark.django_db
class TestRotation:
    def test_every_sealed_column_is_found(self) -> None:
        assert sorted(str(place) for place in rotating.sealed_places()) == [
            "integrations.Connection.access_token",
            "integrations.Connection.refresh_token",
            "integrations.DeviceLink.device_code",
            "integrations.LinkAttempt.verifier",
            "integrations.ProviderApp.client_secret",
            "notices.Channel.address",
            "notices.Channel.secret",
        ]

    @pytest.mark.parametrize("batch", ["1", "2", "500"])
    def test_everything_comes_under_the_first_key_and_still_opens(self, settings: Any, batch: str) -> None:
        links = [link(number) for number in range(5)]
        ProviderApp.objects.create(provider="anilist", client_id="1", client_secret="shh")
        LinkAttempt.objects.create(
            user=links[0].user, provider="anilist", state_hash="s", session_hash="t", verifier="v",
            redirect_uri="x", expires_at=timezone.now(),
        )  # fmt: skip
        Connection.objects.create(user=links[0].user, provider="myanimelist")
        settings.TOKEN_KEYS = f"{NEW},{OLD}"
        said = run("--batch", batch)
        assert "before: old: 12" in said
        assert "after: new: 12" in said
        assert "sealed anew: 12" in said
        settings.TOKEN_KEYS = NEW
        assert [row.access_token for row in Connection.objects.filter(provider="anilist").order_by("user__email")] == [
            Secret(f"a{number}") for number in range(5)
        ]
        assert ProviderApp.objects.get().client_secret == Secret("shh")
        assert LinkAttempt.objects.get().verifier == Secret("v")

    def test_a_second_run_changes_nothing(self, settings: Any) -> None:
        link(1)
        settings.TOKEN_KEYS = f"{NEW},{OLD}"
        run()
        before = list(Connection.objects.values_list("access_token", "refresh_token"))
        assert "sealed anew: 0" in run()
        assert list(Connection.objects.values_list("access_token", "refresh_token")) == before

    def test_a_run_that_was_killed_is_continued(self, settings: Any) -> None:
        for number in range(4):
            link(number)
        settings.TOKEN_KEYS = f"{NEW},{OLD}"
        place = next(place for place in rotating.sealed_places() if place.field.name == "access_token")
        keys = next(rotating._batches(place, 3))
        rotating._rotate_batch(place, keys, tally=rotating.Tally(), dry_run=False)
        assert rotating.rows_per_key() == {"new": 3, "old": 5}
        assert "sealed anew: 5" in run()
        assert rotating.rows_per_key() == {"new": 8}

    def test_a_dry_run_changes_nothing(self, settings: Any) -> None:
        link(1)
        settings.TOKEN_KEYS = f"{NEW},{OLD}"
        before = list(Connection.objects.values_list("access_token", "refresh_token"))
        said = run("--dry-run")
        assert "would seal anew: 2" in said
        assert "after: old: 2" in said
        assert list(Connection.objects.values_list("access_token", "refresh_token")) == before

    @pytest.mark.parametrize("arguments", [[], ["--dry-run"]])
    def test_what_cannot_be_opened_is_named_and_left(self, settings: Any, arguments: list[str]) -> None:
        good, bad = link(1), link(2)
        broken = b"\x01old\0" + bytes(60)
        Connection.objects.filter(pk=bad.pk).update(access_token=Sealed(broken))
        settings.TOKEN_KEYS = f"{NEW},{OLD}"
        out = io.StringIO()
        with pytest.raises(CommandError, match="1 values cannot be opened") as caught:
            call_command("rotate_keys", *arguments, stdout=out, stderr=out)
        assert caught.value.returncode == 1
        named = [line for line in out.getvalue().splitlines() if "cannot be opened" in line]
        assert named == [f"cannot be opened: integrations.Connection.access_token of {bad.pk}"]
        assert Connection.objects.values_list("access_token", flat=True).get(pk=bad.pk) == broken
        assert Connection.objects.get(pk=good.pk).access_token == Secret("a1")

    def test_a_key_that_left_the_ring_too_early_is_said(self, settings: Any) -> None:
        link(1)
        settings.TOKEN_KEYS = NEW
        assert rotating.missing_keys() == {"old": 2}
        with pytest.raises(CommandError, match="2 values cannot be opened"):
            run()

    def test_a_token_refreshed_meanwhile_wins(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        row = link(1)
        settings.TOKEN_KEYS = f"{NEW},{OLD}"
        true_swap = rotating.swap

        def swap_after_a_refresh(place: rotating.Place, key: uuid.UUID, *, old: bytes, new: bytes) -> bool:
            if place.field.name == "access_token":
                fresh = Connection.objects.get(pk=key)
                fresh.access_token = "refreshed"
                fresh.save(update_fields=["access_token"])
            return true_swap(place, key, old=old, new=new)

        monkeypatch.setattr(rotating, "swap", swap_after_a_refresh)
        tally = rotating.rotate()
        assert (tally.moved, tally.overtaken, tally.unreadable) == (1, 1, [])
        assert Connection.objects.get(pk=row.pk).access_token == Secret("refreshed")
        assert rotating.rows_per_key() == {"new": 2}

    def test_rows_that_appear_under_the_old_key_meanwhile_fail_the_command(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        link(1)
        settings.TOKEN_KEYS = f"{NEW},{OLD}"
        monkeypatch.setattr(rotating, "swap", lambda *_, **__: False)
        with pytest.raises(CommandError, match="2 values are not under the first key"):
            run()

    def test_without_a_ring_it_says_how_to_get_one(self, settings: Any) -> None:
        settings.TOKEN_KEYS = ""
        with pytest.raises(CommandError, match="TOKEN_KEYS is empty"):
            run()
        entry = run("--new-key", "k7").strip()
        assert crypto.Keyring.parse(entry).ids == ("k7",)
        assert run("--new-key").startswith("k1:")
        with pytest.raises(CommandError, match="1 to 4 letters"):
            run("--new-key", "far too long")

    def test_a_new_key_gets_an_id_of_its_own(self, settings: Any) -> None:
        settings.TOKEN_KEYS = f"{crypto.new_key('k1')},{crypto.new_key('k2')}"
        assert run("--new-key").startswith("k3:")

    def test_a_batch_of_nothing_is_refused(self) -> None:
        with pytest.raises(CommandError, match="at least 1"):
            run("--batch", "0")

    def test_nothing_sealed_is_fine(self) -> None:
        assert "nothing is sealed yet" in run()

    def test_queries_grow_with_batches_of_values_only(self, settings: Any, django_assert_max_num_queries: Any) -> None:
        for number in range(3):
            link(number)
        settings.TOKEN_KEYS = f"{NEW},{OLD}"
        with django_assert_max_num_queries(6 + 2 * 4 * 4):
            rotating.rotate(batch=500)


class TestStartCheck:
    @pytest.mark.parametrize("keys", ["", "k1:c2hvcnQ=", crypto.sample_key(), f"{OLD},{OLD}"])
    def test_a_ring_that_cannot_be_used_is_one_error_with_its_cure(self, keys: str) -> None:
        problems = rotating.check_keyring(keys, secret_key="s")
        assert [problem.id for problem in problems] == ["integrations.E010"]
        assert "TOKEN_KEYS" in problems[0].msg

    def test_a_proper_ring_is_none(self) -> None:
        assert rotating.check_keyring(f"{NEW},{OLD}", secret_key="s") == []
        assert rotating.check_keyring(crypto.sample_key(), secret_key="s", allow_samples=True) == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_locked_row_is_stepped_over_first_and_waited_for_last(settings: Any) -> None:
    """Someone refreshes one row's token while the rotation runs; the others do not wait for it."""
    rows = [link(number) for number in range(3)]
    settings.TOKEN_KEYS = f"{NEW},{OLD}"
    locked, seen_from_outside, done = threading.Event(), threading.Event(), []

    def refresh() -> None:
        try:
            with transaction.atomic():
                held = Connection.objects.select_for_update().get(pk=rows[1].pk)
                locked.set()
                done.append(seen_from_outside.wait(5))
                held.access_token = "refreshed"
                held.save(update_fields=["access_token"])
        finally:
            database.close()

    def watch() -> None:
        try:
            while rotating.rows_per_key().get("new", 0) < 4 and not seen_from_outside.wait(0.01):
                continue
            seen_from_outside.set()
        finally:
            database.close()

    threads = [threading.Thread(target=refresh), threading.Thread(target=watch)]
    threads[0].start()
    assert locked.wait(5)
    threads[1].start()
    tally = rotating.rotate(batch=2)
    for thread in threads:
        thread.join(5)
    assert done == [True]
    assert tally.unreadable == []
    assert rotating.rows_per_key() == {"new": 6}
    assert Connection.objects.get(pk=rows[1].pk).access_token == Secret("refreshed")
