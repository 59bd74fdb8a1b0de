from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# Every run rewrites its row here: pages keep room for the new version, and dead ones are cleared away early.
TUNED = "fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05"
PLAIN = "fillfactor, autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor"


def tune(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(f"ALTER TABLE syncing_schedule SET ({TUNED})")


def untune(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(f"ALTER TABLE syncing_schedule RESET ({PLAIN})")


class Migration(migrations.Migration):
    dependencies = [
        ("syncing", "0003_pace"),
    ]

    operations = [
        migrations.AddField(
            model_name="schedule",
            name="begun_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RemoveIndex(model_name="schedule", name="schedule_due"),
        migrations.AddIndex(
            model_name="schedule",
            index=models.Index(
                condition=models.Q(("is_on", True)), fields=["provider", "interactive", "due_at"], name="schedule_next"
            ),
        ),
        migrations.RunPython(tune, untune),
    ]
