from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("syncing", "0006_upkeep_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="schedule",
            name="backlog",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="schedule",
            name="trigger",
            field=models.CharField(blank=True, default="", max_length=16),
        ),
        migrations.AddIndex(
            model_name="schedule",
            index=models.Index(
                condition=models.Q(("backlog__gt", 0)), fields=["provider", "due_at"], name="schedule_pushes"
            ),
        ),
    ]
