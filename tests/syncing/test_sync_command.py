"""`manage.py sync`: runs by hand, with results for people and for programs."""

from __future__ import annotations

import json
import logging
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from integrations.models import Connection
from integrations.sandbox.server import Running
from library.models import ListEntry, Media
from library.services.editing import edit_entry
from syncing.models import Change, Schedule, SyncRun
from syncing.services import asking, by_hand, leases
from tests.e2e.conftest import Link, _sandbox_server, link, sandbox  # noqa: F401
from tests.e2e.lists import ANILIST, MAL, break_, edit, entry_of, held, listed, media_of, mend

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]

LIST = [listed(ANILIST, 1, progress=3)]


@pytest.fixture
def connection(link: Link, alice: User) -> Connection:  # noqa: F811
    return link(alice, ANILIST, LIST)


@pytest.fixture
def both(connection: Connection, link: Link, alice: User) -> tuple[Connection, Connection]:  # noqa: F811
    return connection, link(alice, MAL, [listed(MAL, 57, progress=2)])


def run(*words: str, **options: Any) -> str:
    out = StringIO()
    call_command("sync", *words, user="alice@example.org", stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def told(*words: str, **options: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(*words, json=True, **options).splitlines()]


def fails(*words: str, code: int, **options: Any) -> str:
    with pytest.raises(CommandError) as caught:
        run(*words, **options)
    assert caught.value.returncode == code
    return str(caught.value)


# What is synced ---------------------------------------------------------------------------------------------


def test_it_syncs_and_says_so_in_plain_lines(connection: Connection, alice: User) -> None:
    said = run()
    assert "AniList: read 1 of 1" in said
    assert "AniList: run" in said
    assert "library_changes 1" in said
    assert ListEntry.objects.get(user=alice).progress == 3


def test_json_has_the_figures(connection: Connection) -> None:
    run()
    assert [each | {"run": ""} for each in told(full=True)] == [
        {
            "provider": "anilist",
            "run": "",
            "state": "done",
            "read": 1,
            "library_changes": 0,
            "writes": 0,
            "skipped": 0,
            "failed": 0,
            "requests": 1,
            "message": "",
        }
    ]


def test_without_a_name_all_are_synced_until_they_agree(
    both: tuple[Connection, Connection],
    sandbox: Running,  # noqa: F811
) -> None:
    """What the last one brings reaches the first one too: no worker is needed for that."""
    found = told()
    assert [each["provider"] for each in found] == ["anilist", "myanimelist", "anilist"]
    assert held(sandbox, ANILIST).keys() == held(sandbox, MAL).keys() == {1, 57}
    assert [(each["provider"], each["writes"], each["library_changes"]) for each in told()] == [
        ("anilist", 0, 0),
        ("myanimelist", 0, 0),
    ]


def test_named_services_alone_in_their_order(both: tuple[Connection, Connection], sandbox: Running) -> None:  # noqa: F811
    assert [each["provider"] for each in told("--provider", "mal")] == ["myanimelist"]
    found = told("--provider", "mal", "--provider", "anilist", "--provider", "MyAnimeList")
    assert [each["provider"] for each in found][:2] == ["myanimelist", "anilist"]


def test_one_work_alone(both: tuple[Connection, Connection], alice: User, sandbox: Running) -> None:  # noqa: F811
    run()
    for media_id in (1, 57):
        edit_entry(alice, media_id=media_of(media_id), changes={"progress": 20})
    found = told("--media", str(media_of(1)))
    assert {each["provider"] for each in found} == {"anilist", "myanimelist"}
    assert [held(sandbox, side)[1]["progress"] for side in (ANILIST, MAL)] == [20, 20]
    assert [held(sandbox, side)[57]["progress"] for side in (ANILIST, MAL)] == [2, 2]
    run("--provider", "mal", "--external-id", "57", "--kind", "anime")
    assert [held(sandbox, side)[57]["progress"] for side in (ANILIST, MAL)] == [2, 20]


def test_a_long_push_is_done_to_its_end(
    both: tuple[Connection, Connection],
    alice: User,
    sandbox: Running,  # noqa: F811
    settings: Any,
) -> None:
    run()
    for media_id in (1, 57):
        edit_entry(alice, media_id=media_of(media_id), changes={"progress": 20})
    settings.SYNC_SLICE_WRITES = 1
    found = told("--provider", "mal")
    assert (found[0]["state"], found[0]["writes"], found[-1]["state"]) == ("partial", 1, "done")
    assert {entry["progress"] for entry in held(sandbox, MAL).values()} == {20}


def test_what_a_person_waits_for_goes_first(connection: Connection, alice: User) -> None:
    (asked,) = asking.ask_for_runs(alice, provider=ANILIST)
    found = told("--dry-run")
    assert found[0]["run"] == str(asked.pk)
    assert [each["state"] for each in found] == ["done", "preview"]
    asked.refresh_from_db()
    assert (asked.purpose, asked.trigger) == ("sync", "person")


# Dry runs ---------------------------------------------------------------------------------------------------


def test_a_dry_run_changes_nothing_and_tells_each_change(connection: Connection, alice: User) -> None:
    (found,) = told("--dry-run")
    assert (found["state"], found["planned"], found["writes"], found["more"]) == ("preview", 1, 0, 0)
    (change,) = found["changes"]
    assert (change["title"], change["side"], change["action"]) == ("Cowboy Bebop", "library", "create")
    assert change["fields"]["progress"] == {"before": None, "after": 3}
    assert ListEntry.objects.filter(user=alice).count() == 0


def test_people_read_which_value_becomes_which(connection: Connection, alice: User) -> None:
    run()
    edit_entry(alice, media_id=media_of(1), changes={"progress": 4, "score": 80})
    said = run("--dry-run")
    assert "  Cowboy Bebop (anime), on AniList: Episodes 3 → 4, Score no score → 80/100\n" in said


def test_a_dry_run_tells_no_more_than_is_wanted(link: Link, alice: User) -> None:  # noqa: F811
    link(alice, ANILIST, [listed(ANILIST, media_id) for media_id in (1, 6, 18)])
    said = run("--dry-run", "--limit", "2")
    assert said.count(": added") == 2
    assert "… and 1 more" in said
    (found,) = told("--dry-run", "--limit", "0")
    assert (found["planned"], found["changes"], found["more"]) == (3, [], 3)


def test_a_title_cannot_spoil_the_terminal(connection: Connection, alice: User) -> None:
    run()
    Media.objects.update(title="Evil\x1b[2J\r\x9b31m\u202etitle\nline")
    edit_entry(alice, media_id=media_of(1), changes={"notes": "a\x1b]0;b\x07"})
    said = run("--dry-run")
    (line,) = [line for line in said.splitlines() if line.startswith("  ")]
    assert "Evil [2J 31mtitle line (anime)" in line
    assert line.isprintable()


def test_the_first_plan_waits_for_a_word(link: Link, alice: User) -> None:  # noqa: F811
    link(alice, ANILIST, LIST, asks_first=True)
    assert [each["state"] for each in told()] == ["preview"]
    (again,) = told()
    assert (again["state"], again["message"]) == ("preview", by_hand.WAITS)
    assert ListEntry.objects.count() == 0


# Directions -------------------------------------------------------------------------------------------------


def directions() -> dict[str, str]:
    return dict(Connection.objects.values_list("provider", "direction"))


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("anilist-to-mal", {ANILIST: "import_only", MAL: "export_only"}),
        ("mal-to-anilist", {ANILIST: "export_only", MAL: "import_only"}),
        ("MyAnimeList-to-AniList", {ANILIST: "export_only", MAL: "import_only"}),
        ("import_only", {ANILIST: "import_only", MAL: "import_only"}),
        ("export-only", {ANILIST: "export_only", MAL: "export_only"}),
    ],
)
def test_a_mode_sets_the_directions_for_good(
    both: tuple[Connection, Connection], mode: str, expected: dict[str, str]
) -> None:
    run("--mode", mode)
    assert directions() == expected
    said = run("--mode", "bidirectional")
    assert directions() == {ANILIST: "bidirectional", MAL: "bidirectional"}
    assert "AniList: both ways from now on" in said


def test_a_mode_carries_from_one_to_the_other_at_once(
    both: tuple[Connection, Connection],
    link: Link,  # noqa: F811
    alice: User,
    sandbox: Running,  # noqa: F811
) -> None:
    link(alice, "kitsu")
    found = told("--mode", "mal-to-anilist")
    assert [each["provider"] for each in found] == ["myanimelist", "anilist"]
    assert [set(held(sandbox, side)) for side in (ANILIST, MAL)] == [{1, 57}, {57}]
    assert directions()["kitsu"] == "bidirectional"


def test_a_mode_of_a_named_service_is_for_it_alone(both: tuple[Connection, Connection]) -> None:
    """By the way that pages and the API go: what was settled gets another look."""
    run()
    run("--provider", "mal", "--mode", "import-only")
    assert directions() == {ANILIST: "bidirectional", MAL: "import_only"}


# What is told when it cannot be done ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--provider", "mylist"], "mylist.*anilist, myanimelist, kitsu, trakt"),
        (["--provider", "mal"], "has not linked MyAnimeList"),
        (["--mode", "anilist-to-mal"], "has not linked MyAnimeList"),
        (["--mode", "sideways"], "is no mode"),
        (["--mode", "anilist-to-nowhere"], "nowhere"),
        (["--mode", "mal-to-myanimelist"], "one service twice"),
        (["--mode", "anilist-to-mal", "--provider", "anilist"], "leave --provider out"),
        (["--mode", "bidirectional", "--dry-run"], "leave one of them out"),
        (["--external-id", "1"], "needs one --provider"),
        (["--external-id", "1", "--provider", "anilist"], "and --kind"),
        (["--external-id", "x", "--provider", "anilist", "--kind", "anime"], "is known by this id"),
        (["--kind", "anime"], "--external-id"),
        (["--media", "1"], "is known by this id"),
    ],
)
def test_what_cannot_be_asked_is_named(connection: Connection, words: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said) as caught:
        run(*words)
    assert caught.value.returncode == 2
    assert (directions(), SyncRun.objects.count()) == ({ANILIST: "bidirectional"}, 0)


@pytest.mark.parametrize(
    "words",
    [
        ["--interval", "14"],
        ["--interval", "10081"],
        ["--interval", "1e9"],
        ["--interval", "9" * 40],
        ["--once", "--interval", "60"],
        ["--media", "1", "--external-id", "1"],
        ["--log-level", "LOUD"],
        ["--limit", "-1"],
        ["--kind", "film"],
    ],
)
def test_bad_options_are_refused_before_anything(connection: Connection, words: list[str]) -> None:
    with pytest.raises(CommandError, match="argument"):
        run(*words)
    assert SyncRun.objects.count() == 0


def test_strangers_and_people_without_services(alice: User, bob: User) -> None:
    assert "has linked no service" in fails(code=2)
    with pytest.raises(CommandError, match="nobody here has the address") as caught:
        call_command("sync", user="nobody@example.org")
    assert caught.value.returncode == 2


def test_a_run_at_work_is_not_doubled(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("integrations.stopping.pause", waited.append)
    assert leases.claim(connection.pk) is not None
    assert "AniList: A sync of it is running already" in fails(code=1)
    assert waited == [1.0] * by_hand.PATIENCE
    assert SyncRun.objects.count() == 0


def test_a_run_that_is_about_to_end_is_waited_for(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = leases.claim(connection.pk)
    assert lease is not None
    monkeypatch.setattr("integrations.stopping.pause", lambda _: leases.give_back([lease]))
    assert [each["state"] for each in told()] == ["done"]


@pytest.mark.parametrize(("state", "said"), [("paused", "is paused"), ("needs_login", "Link it again")])
def test_who_is_not_ready_is_told_and_passed_over(
    both: tuple[Connection, Connection],
    state: str,
    said: str,
    sandbox: Running,  # noqa: F811
) -> None:
    Connection.objects.filter(provider=ANILIST).update(state=state)
    assert said in fails(code=1)
    assert list(SyncRun.objects.values_list("provider", flat=True)) == [MAL]


def test_trouble_of_one_does_not_hold_up_the_other(
    both: tuple[Connection, Connection],
    sandbox: Running,  # noqa: F811
) -> None:
    sandbox.control("POST", "anilist/tokens", {"account": "alice_anilist", "revoke": True})
    assert "AniList" in fails(code=1)
    assert Schedule.objects.get(pk=both[0].pk).is_on is False
    assert SyncRun.objects.get(provider=MAL).state == "done"


def test_an_entry_that_is_refused_is_no_success(
    both: tuple[Connection, Connection],
    alice: User,
    sandbox: Running,  # noqa: F811
) -> None:
    run()
    edit_entry(alice, media_id=media_of(1), changes={"progress": 5})
    break_(sandbox, MAL, "error", endpoint="PATCH *", status=400, times=None)
    assert "MyAnimeList: 1 changes failed" in fails("--provider", "mal", code=1)
    mend(sandbox, MAL)


def test_no_secret_is_shown_at_any_level(
    connection: Connection, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    said = run("--log-level", "DEBUG", "--full") + caplog.text + "".join(capsys.readouterr())
    assert str(connection.access_token) not in said


@pytest.mark.parametrize(("level", "shown"), [("INFO", True), ("ERROR", False)])
def test_a_log_level_is_for_this_command(
    connection: Connection,
    sandbox: Running,  # noqa: F811
    level: str,
    shown: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = logging.getLogger("syncing").level
    sandbox.control("POST", "anilist/tokens", {"account": "alice_anilist", "revoke": True})
    fails("--log-level", level, code=1)
    assert ("sync of" in caplog.text) is shown
    assert logging.getLogger("syncing").level == before


def test_what_someone_edits_meanwhile_is_taken(
    connection: Connection,
    alice: User,
    sandbox: Running,  # noqa: F811
) -> None:
    run()
    edit(sandbox, ANILIST, 1, progress=9)
    run()
    assert entry_of(alice, 1).progress == 9
    assert Change.objects.filter(state="planned").count() == 0
