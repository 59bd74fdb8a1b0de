"""Keys made on the first start, so that nobody types them and no example is ever in use."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path


def make_secret_key() -> str:
    return secrets.token_urlsafe(64)


def make_token_keys() -> str:
    """A ring of one: `id:base64` of 32 random bytes, as integrations.crypto.Keyring reads it."""
    return "k1:" + base64.b64encode(secrets.token_bytes(32)).decode()


MAKERS: Mapping[str, Callable[[], str]] = {"SECRET_KEY": make_secret_key, "TOKEN_KEYS": make_token_keys}


def add_missing(path: Path, present: Callable[[str], str]) -> list[str]:
    """Append to `path` (mode 600) each key that `present(name)` answers "" for. Returns their names."""
    missing = [name for name in MAKERS if not present(name)]
    if missing:
        with os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "a+") as file:
            os.fchmod(file.fileno(), 0o600)
            file.seek(0)
            before = file.read()
            if before and not before.endswith("\n"):
                file.write("\n")
            file.writelines(f"{name}={MAKERS[name]()}\n" for name in missing)
    return missing


def kept(path: Path, make: Callable[[], str]) -> str:
    """The key in `path` (mode 600), made on first use. Two processes that start at once agree on one."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(make() + "\n")
    try:
        os.link(draft, path)  # fails when another process was first; never shows half a key
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text().strip()
