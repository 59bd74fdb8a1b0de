from __future__ import annotations

import pytest
from pytest_django import Settings

from integrations.providers import registry
from tests.integrations.doubles import TOYS, Toy


def test_the_two_services_are_there() -> None:
    assert registry.slugs()[:2] == ("anilist", "myanimelist")


@pytest.mark.parametrize("name", ["anilist", "AniList", "mal", "MAL", "myanimelist"])
def test_a_provider_is_found_by_slug_or_alias_and_is_one_object(name: str) -> None:
    provider = registry.get(name)
    assert provider.slug == registry.resolve(name)
    assert provider is registry.get(provider.slug)


def test_callbacks_and_variables_use_the_short_name() -> None:
    assert (registry.short_name("myanimelist"), registry.short_name("anilist")) == ("mal", "anilist")


@pytest.mark.parametrize("name", ["", "kitsune", "anilist ", "../anilist", "x" * 10_000, "ani\x00list"])
def test_an_unknown_provider_is_a_typed_error_with_a_short_message(name: str) -> None:
    with pytest.raises(registry.UnknownProvider) as caught:
        registry.get(name)
    assert len(str(caught.value)) < 90


def test_a_toy_provider_is_one_line_in_settings(settings: Settings) -> None:
    with pytest.raises(registry.UnknownProvider):
        registry.get("toy")
    settings.EXTRA_PROVIDERS = TOYS
    assert isinstance(registry.get("toy"), Toy)
    assert registry.slugs() == (*registry.PROVIDERS, *TOYS)


def test_a_line_in_settings_may_not_replace_a_service() -> None:
    for name in ("anilist", "mal"):
        with pytest.raises(ValueError, match=name):
            registry.replace_more({name: "tests.integrations.doubles.Toy"})
    assert registry.slugs() == ("anilist", "myanimelist", "kitsu", "trakt")


def test_a_line_must_name_the_class_with_its_slug(settings: Settings) -> None:
    settings.EXTRA_PROVIDERS = {"other": "tests.integrations.doubles.Toy"}
    with pytest.raises(ImportError, match="calls itself 'toy'"):
        registry.get("other")
