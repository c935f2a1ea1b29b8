from django.db import migrations, models
from django.db.models import OuterRef, Subquery
from django.utils import timezone


def take_over(apps, schema_editor):
    article = apps.get_model("knowledge", "Article").objects.filter(pk=OuterRef("content_object_id"))
    apps.get_model("knowledge", "ArticleTopic").objects.update(updated_at=Subquery(article.values("updated_at")))


class Migration(migrations.Migration):
    # PostgreSQL changes no table in a transaction that has just changed its rows
    atomic = False

    dependencies = [("knowledge", "0002_initial")]

    operations = [
        migrations.AddField(
            model_name="articletopic",
            name="updated_at",
            field=models.DateTimeField(default=timezone.now, editable=False),
            preserve_default=False,
        ),
        migrations.RunPython(take_over, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="articletopic",
            index=models.Index(fields=["tag", "-updated_at", "-content_object"], name="article_topic_by_update"),
        ),
    ]
