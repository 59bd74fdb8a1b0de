"""Upkeep looks for imports that nobody said a word about."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("syncing", "0009_asked_runs"),
    ]
    operations = [
        migrations.AddIndex(
            "syncrun",
            models.Index(condition=models.Q(("state", "preview")), fields=["started_at"], name="run_preview"),
        ),
    ]
