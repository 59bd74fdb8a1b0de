"""Settings: what is read from where, and the values that are traps."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from celery.contrib.django.task import DjangoTask
from celery.schedules import crontab
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from integrations.crypto import Keyring
from integrations.providers import registry
from library.mappings.sources import SOURCES
from project.celery import app
from project.settings import env, keys
from project.settings.queues import transport_options

ROOT = Path(__file__).resolve().parent.parent.parent
GOOD = {
    "SECRET_KEY": "k" * 30 + "0123456789" * 3,
    "TOKEN_KEYS": "k1:" + base64.b64encode(hashlib.sha256(b"production, tried out").digest()).decode(),
    "ENISHI_URL": "https://lists.example.org",
    "DATABASE_URL": "postgres://enishi@localhost/enishi",
    "REDIS_URL": "redis://localhost:6379/0",
    "ENISHI_ENV_FILE": os.devnull,
}


def in_production(**values: str) -> subprocess.CompletedProcess[str]:
    """Read the production settings in a fresh process with nothing but `values` set, and print a few."""
    code = (
        "from project.settings import prod as s\n"
        "print(s.SESSION_COOKIE_SECURE, getattr(s, 'SECURE_HSTS_SECONDS', 0), s.ALLOWED_HOSTS[0],"
        " s.CSRF_TRUSTED_ORIGINS, s.ACCOUNT_EMAIL_VERIFICATION)"
    )
    bare = {"PATH": os.environ["PATH"], "ENISHI_VAR": os.environ["ENISHI_VAR"]}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, env={**bare, **values}, capture_output=True, text=True, check=False)


# Production ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_production_starts_with_https() -> None:
    done = in_production(**GOOD)
    assert done.stderr == ""
    assert done.stdout == "True 31536000 lists.example.org ['https://lists.example.org'] mandatory\n"


@pytest.mark.slow
def test_production_starts_on_loopback_without_https() -> None:
    done = in_production(**{**GOOD, "ENISHI_URL": "http://localhost:8000"})
    assert done.stdout == "False 0 localhost ['http://localhost:8000'] optional\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "cure"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is missing or short"),
        ({"TOKEN_KEYS": ""}, "TOKEN_KEYS is empty"),
        ({"TOKEN_KEYS": "k1:" + base64.b64encode(b"short").decode()}, "TOKEN_KEYS"),
        ({"ENISHI_URL": "http://lists.example.org"}, "plain http is for http://localhost:8000 only"),
        ({"ENISHI_SANDBOX_URL": "http://127.0.0.1:8800"}, "ENISHI_SANDBOX_URL is set"),
        ({"ENISHI_SANDBOX_URL": "https://evil.example", "ENISHI_ALLOW_SANDBOX": "true"}, "ENISHI_SANDBOX_URL is set"),
        ({"DATABASE_URL": "mysql://x"}, "use postgres:// or sqlite:///"),
    ],
)
def test_production_refuses(values: dict[str, str], cure: str) -> None:
    done = in_production(**{**GOOD, **values})
    assert done.returncode != 0
    assert "ImproperlyConfigured" in done.stderr
    assert cure in done.stderr.splitlines()[-1]


@pytest.mark.slow
def test_the_sandbox_is_let_in_on_loopback_by_name() -> None:
    done = in_production(**{**GOOD, "ENISHI_SANDBOX_URL": "http://127.0.0.1:8800", "ENISHI_ALLOW_SANDBOX": "true"})
    assert done.returncode == 0


@pytest.mark.slow
def test_a_refusal_shows_no_key() -> None:
    done = in_production(**{**GOOD, "TOKEN_KEYS": "k1:cGxhbnRlZC1zZWNyZXQ="})
    assert done.returncode != 0
    assert "cGxhbnRlZC1zZWNyZXQ" not in done.stderr


@pytest.mark.slow
def test_first_run_makes_the_keys_once(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("ENISHI_URL=http://localhost:8000")
    values = {"ENISHI_ENV_FILE": str(file), "ENISHI_MAKE_KEYS": "1"}
    first = in_production(**values)
    assert first.returncode == 0, first.stderr
    assert "SECRET_KEY and TOKEN_KEYS made and written to" in first.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    written = file.read_text()
    assert written.startswith("ENISHI_URL=http://localhost:8000\nSECRET_KEY=")
    assert in_production(**values).stderr == ""
    assert file.read_text() == written


@pytest.mark.slow
def test_deploy_check_is_clean() -> None:
    """`manage.py check --deploy` in production finds nothing: no warning has become a habit."""
    environment = {**os.environ, **GOOD, "DJANGO_SETTINGS_MODULE": "project.settings.prod"}
    # The browser tests set it for their own process.
    environment.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# The environment -------------------------------------------------------------------------------------------


def test_env_file() -> None:
    content = "# comment\nA=1\nexport B = 'two words' \nC=\"x=y\"\n\nD=\nE=a#b"
    assert env.parse(content, name=".env") == {"A": "1", "B": "two words", "C": "x=y", "D": "", "E": "a#b"}


def test_env_file_errors_name_the_line_and_not_its_text() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^\.env line 2 is not NAME=value$"):
        env.parse("A=1\nplanted secret", name=".env")


def test_the_process_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "_from_file", {})
    (tmp_path / ".env").write_text("H5_ONE=file\nH5_TWO=file\n")
    env.load_file(tmp_path / ".env")
    monkeypatch.setenv("H5_ONE", "process")
    assert (env.text("H5_ONE"), env.text("H5_TWO"), env.text("H5_THREE", "default")) == ("process", "file", "default")


def test_a_secret_may_lie_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("value\n")
    monkeypatch.setenv("H5_KEY_FILE", str(tmp_path / "secret"))
    assert env.text("H5_KEY") == "value"
    monkeypatch.setenv("H5_KEY_FILE", str(tmp_path / "missing"))
    with pytest.raises(ImproperlyConfigured, match="H5_KEY_FILE points to"):
        env.text("H5_KEY")


@pytest.mark.parametrize(("given", "read"), [("true", True), ("ON", True), ("0", False), ("", False)])
def test_flags(given: str, read: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("H5_FLAG", given)
    assert env.flag("H5_FLAG") is read


def test_wrong_values_name_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("H5_VALUE", "maybe")
    with pytest.raises(ImproperlyConfigured, match="H5_VALUE is 'maybe'; write true or false"):
        env.flag("H5_VALUE")
    with pytest.raises(ImproperlyConfigured, match="H5_VALUE is 'maybe'; write a whole number"):
        env.integer("H5_VALUE", 1)


def test_database_urls() -> None:
    found = env.database("postgres://us%40er:p%2Fw@db.example:6432/na%20me?sslmode=require", pool=7)
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"], found["NAME"]) == (
        "us@er",
        "p/w",
        "db.example",
        "6432",
        "na me",
    )
    assert found["OPTIONS"] == {
        "sslmode": "require",
        "connect_timeout": "10",
        "pool": {"min_size": 0, "max_size": 7, "timeout": 20},
    }
    assert found["CONN_MAX_AGE"] == 0  # Django refuses kept connections and a pool together
    assert env.database("postgres://u:p@/n?host=%2Frun%2Fpg")["HOST"] == "/run/pg"
    assert env.database("sqlite:////tmp/a.sqlite3")["NAME"] == "/tmp/a.sqlite3"


def test_the_cache_does_not_share_a_database_with_the_queue() -> None:
    """Clearing the cache empties its database; the queue would go with it."""
    assert env.next_redis("redis://:pw@h:6379/0") == "redis://:pw@h:6379/1"
    assert env.next_redis("redis://h:6379") == "redis://h:6379/1"
    assert settings.CACHES["default"]["LOCATION"] != settings.CELERY_BROKER_URL


def test_made_keys_are_accepted() -> None:
    Keyring.parse(keys.make_token_keys(), secret_key=keys.make_secret_key())
    assert len(keys.make_secret_key()) >= 50
    assert keys.make_token_keys() != keys.make_token_keys()


def test_a_kept_key_stays(tmp_path: Path) -> None:
    first = keys.kept(tmp_path / "var" / "key", keys.make_token_keys)
    assert keys.kept(tmp_path / "var" / "key", lambda: "other") == first
    assert stat.S_IMODE((tmp_path / "var" / "key").stat().st_mode) == 0o600
    assert [file.name for file in (tmp_path / "var").iterdir()] == ["key"]


# Traps (reliability.md 1.1): the values; what they do to real workers is in test_traps.py -------------------------


def test_trap_a_dead_worker_gives_its_task_back() -> None:
    assert app.conf.task_acks_late is True
    assert app.conf.task_reject_on_worker_lost is True


def test_trap_a_poisonous_task_does_not_loop() -> None:
    assert app.conf.task_retry_on_worker_lost is True
    assert app.Task.max_retries == 3


def test_trap_a_killed_child_s_task_does_not_wait_three_minutes() -> None:
    """task_retry_on_worker_lost waits as any retry of the task does, 180 s by default."""
    assert app.Task.default_retry_delay == 1


def test_trap_a_restart_of_redis_loses_no_task() -> None:
    assert app.conf.worker_cancel_long_running_tasks_on_connection_loss is False


def test_trap_a_waiting_task_is_not_run_twice() -> None:
    """Task by task: test_delivery.py."""
    assert app.conf.broker_transport_options["visibility_timeout"] == settings.CELERY_LONGEST_HOLD
    assert app.conf.task_time_limit + settings.CELERY_LONGEST_COUNTDOWN < settings.CELERY_LONGEST_HOLD


def test_trap_lost_messages_are_looked_for_often() -> None:
    options = app.conf.broker_transport_options
    assert (options["unacked_restore_interval"], options["unacked_restore_throttle"]) == (5, 1)


def test_trap_a_dead_connection_does_not_block_for_ever() -> None:
    options = app.conf.broker_transport_options
    assert options["socket_timeout"] > 0
    assert options["socket_connect_timeout"] > 0


def test_trap_threads_are_not_held_up_by_a_broker_that_is_away() -> None:
    assert app.conf.broker_transport_options["max_retries"] == 1
    assert app.conf.broker_transport_options["interval_start"] == 0


def test_what_only_redis_understands_is_told_to_redis_only() -> None:
    """py-amqp takes what it is given for its own."""
    shared = {"max_retries", "interval_start", "interval_step", "interval_max"}
    for url in ("amqp://u:p@h/v", "amqps://u:p@h/v"):
        assert set(transport_options(url)) == shared
    for url in ("redis://h/0", "rediss://h/0"):
        assert transport_options(url)["visibility_timeout"] == settings.CELERY_LONGEST_HOLD


def test_the_broker_is_redis_unless_another_is_named() -> None:
    code = "from project.settings import prod as s; print(s.CELERY_BROKER_URL, s.REDIS_URL)"
    bare = {"PATH": os.environ["PATH"], "ENISHI_VAR": os.environ["ENISHI_VAR"], **GOOD}
    for given, broker in (({}, GOOD["REDIS_URL"]), ({"BROKER_URL": "amqp://u:p@h/v"}, "amqp://u:p@h/v")):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env={**bare, **given}, capture_output=True, text=True, check=False
        )
        assert (done.stdout, done.stderr) == (f"{broker} {GOOD['REDIS_URL']}\n", "")


def test_trap_nothing_but_json() -> None:
    assert (app.conf.task_serializer, app.conf.accept_content) == ("json", ["json"])


def test_trap_no_result_backend() -> None:
    assert app.conf.result_backend is None
    assert app.conf.task_ignore_result is True


def test_trap_one_message_a_slot() -> None:
    assert app.conf.worker_prefetch_multiplier == 1


def test_trap_ticks_do_not_pile_up_and_days_are_by_the_clock() -> None:
    for name, entry in app.conf.beat_schedule.items():
        schedule = entry["schedule"]
        assert entry["options"]["expires"] > 0, name
        if not isinstance(schedule, crontab):
            assert entry["options"]["expires"] <= schedule
            assert schedule <= 300, f"{name}: an interval this long starts again with each restart of beat"


def test_trap_a_stale_tick_is_noticed_within_a_few_rounds() -> None:
    assert settings.CELERY_TICK_SECONDS * 2 < settings.CELERY_TICK_STALE_SECONDS <= settings.CELERY_TICK_SECONDS * 5


def test_trap_publishing_can_wait_for_the_commit() -> None:
    assert issubclass(app.Task, DjangoTask)


def test_development_keeps_away_from_the_data_of_the_service() -> None:
    """Its keys open none of the service's tokens: a sync would ask real people to sign in again."""
    code = (
        "from project.settings import keys; keys.kept = lambda path, make: ''\n"
        "from project.settings import dev\n"
        "print(dev.VAR_DIR.relative_to(dev.BASE_DIR), dev.DATABASES['default']['NAME'].endswith('/var/enishi.sqlite3'))"
    )
    bare = {"PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=bare, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("var/development False\n", "")


# .env.example ----------------------------------------------------------------------------------------------

UNEXPLAINED = {"ENISHI_MAKE_KEYS", "ENISHI_TEST_MIGRATIONS", "PYTEST_XDIST_WORKER"}
"""For our own commands and tests only."""


def test_every_variable_that_is_read_is_explained() -> None:
    asked = re.compile(r"""env\.(?:text|flag|integer|listing|own|given)\(\s*(f?)["']([^"']+)["']""")
    found = {match for path in (ROOT / "project").rglob("*.py") for match in asked.findall(path.read_text())}
    assert len(found) > 30
    one_of = {"{short.upper()}": "MAL", "{slug.upper()}": "ARM"}
    named = {
        re.sub(r"{.*}", lambda which: one_of[which[0]], name) if is_pattern else name for is_pattern, name in found
    }
    explained = set(re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert named - explained == UNEXPLAINED
    services = (registry.short_name(slug).upper() for slug in registry.slugs())
    others = {f"{service}_CLIENT_{what}" for service in services for what in ("ID", "SECRET")}
    others |= {f"ID_TABLE_{slug.upper()}" for slug, source in SOURCES.items() if not source.is_ours}
    assert explained - named == others - named


def test_the_example_can_be_taken_as_it_is() -> None:
    content = (ROOT / ".env.example").read_text()
    assert env.parse(content, name=".env.example") == {}
    assert env.parse(re.sub(r"^#(?=[A-Z_]+=)", "", content, flags=re.MULTILINE), name=".env.example") != {}
