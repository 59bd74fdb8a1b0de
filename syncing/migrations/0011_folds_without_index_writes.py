from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# A run without changes rewrites the row of the last such run: its page keeps room for that.
TUNED = "fillfactor = 85"


def tune(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(f"ALTER TABLE syncing_syncrun SET ({TUNED})")


def untune(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("ALTER TABLE syncing_syncrun RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = [
        ("syncing", "0010_plans_that_wait"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="syncrun", name="run_failed"),
        migrations.AddIndex(
            model_name="syncrun",
            index=models.Index(condition=models.Q(("state", "failed")), fields=["started_at"], name="run_failed"),
        ),
        migrations.RunPython(tune, untune),
    ]
