"""A run may be asked for by name, and for one work alone."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("library", "0002_id_tables_and_matches"),
        ("syncing", "0008_imports"),
    ]
    operations = [
        migrations.AddField(
            "syncrun",
            "media",
            models.ForeignKey(
                blank=True, null=True, on_delete=models.deletion.SET_NULL, related_name="+", to="library.media"
            ),
        ),
    ]
