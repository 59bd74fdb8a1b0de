from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.signals import setting_changed

from integrations.providers import registry


class IntegrationsConfig(AppConfig):
    name = "integrations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from integrations import checks, receivers  # noqa: F401 (they register themselves; need models)

        registry.replace_more(settings.EXTRA_PROVIDERS)
        setting_changed.connect(_take_more_providers, dispatch_uid="integrations.registry")


def _take_more_providers(*, setting: str, value: Any, **kwargs: Any) -> None:
    """A test that overrides the setting sees its toy provider at once."""
    if setting == "EXTRA_PROVIDERS":
        registry.replace_more(value or {})
