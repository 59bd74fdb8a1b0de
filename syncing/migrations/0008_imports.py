"""An import of a file is a run without a connection; its stamps wait with its plan."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0003_pace"),
        ("syncing", "0007_fair_turns"),
    ]
    operations = [
        migrations.AlterField(
            "syncrun",
            "connection",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=models.deletion.CASCADE,
                related_name="runs",
                to="integrations.connection",
            ),
        ),
        migrations.AlterField(
            "syncrun",
            "purpose",
            models.CharField(default="sync", help_text="sync, preview, import or undo", max_length=16),
        ),
        migrations.AddField("change", "stamps", models.JSONField(blank=True, null=True)),
    ]
