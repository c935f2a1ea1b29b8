from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("knowledge", "0003_article_topic_time")]

    operations = [
        migrations.RemoveIndex(model_name="article", name="article_by_department"),
        migrations.AddIndex(
            model_name="article",
            index=models.Index(fields=["department", "-updated_at", "-id"], name="article_by_department"),
        ),
    ]
