from __future__ import annotations

from django.apps import AppConfig


class SyncingConfig(AppConfig):
    name = "syncing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from syncing import receivers  # noqa: F401 - signals are connected by importing it
