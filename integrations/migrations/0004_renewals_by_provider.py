from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0003_pace"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="connection",
            index=models.Index(
                condition=models.Q(("token_due_at__isnull", False)),
                fields=["provider", "token_due_at"],
                name="connection_renewal",
            ),
        ),
        migrations.RemoveIndex(model_name="connection", name="connection_token_due"),
    ]
