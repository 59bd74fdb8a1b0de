"""Which providers there are: slug → where its class is. One line each; nothing is imported before it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from integrations.providers.base import Provider

PROVIDERS: Final[dict[str, str]] = {
    "anilist": "integrations.providers.anilist.provider.AniList",
    "myanimelist": "integrations.providers.myanimelist.provider.MyAnimeList",
    "kitsu": "integrations.providers.kitsu.provider.Kitsu",
    "trakt": "integrations.providers.trakt.provider.Trakt",
}
ALIASES: Final[dict[str, str]] = {"mal": "myanimelist"}
"""Short names that people and older addresses use; also the prefix of a provider's environment variables."""

_more: dict[str, str] = {}


class UnknownProvider(LookupError):
    """No provider has this slug. The message is fit for a person."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"There is no service called {slug[:32]!r}.")
        self.slug = slug


def slugs() -> tuple[str, ...]:
    return (*PROVIDERS, *_more)


def resolve(name: str) -> str:
    """The slug for a slug or an alias, in any case. Raises UnknownProvider."""
    slug = ALIASES.get(name.lower(), name.lower())
    if slug not in PROVIDERS and slug not in _more:
        raise UnknownProvider(name)
    return slug


def short_name(slug: str) -> str:
    """The alias if there is one, else the slug: `mal` for myanimelist, as in the callback addresses."""
    return next((alias for alias, target in ALIASES.items() if target == slug), slug)


def get(name: str) -> Provider:
    """The provider for a slug or an alias; one object for the life of the process. Raises UnknownProvider."""
    return _load(resolve(name))


@cache
def _load(slug: str) -> Provider:
    path = PROVIDERS.get(slug) or _more[slug]
    module, _, name = path.rpartition(".")
    provider: Provider = getattr(import_module(module), name)()
    if provider.slug != slug:
        raise ImportError(f"{path} calls itself {provider.slug!r}, its line says {slug!r}")
    return provider


def replace_more(lines: Mapping[str, str]) -> None:
    """The lines of settings.EXTRA_PROVIDERS, in the same form; replaces those given before. For trials and tests."""
    clash = set(lines) & (set(PROVIDERS) | set(ALIASES))
    if clash:
        raise ValueError(f"EXTRA_PROVIDERS may not replace {', '.join(sorted(clash))}")
    _more.clear()
    _more.update(lines)
    _load.cache_clear()
