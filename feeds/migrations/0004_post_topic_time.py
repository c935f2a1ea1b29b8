from django.db import migrations, models
from django.db.models import OuterRef, Subquery
from django.utils import timezone


def take_over(apps, schema_editor):
    rows = apps.get_model("feeds", "PostTopic").objects
    post = apps.get_model("feeds", "Post").objects.filter(pk=OuterRef("content_object_id")).values("created_at")
    rows.update(created_at=Subquery(post))
    rows.filter(content_object__kind="question", content_object__answer=None).update(is_open=True)


class Migration(migrations.Migration):
    # PostgreSQL changes no table in a transaction that has just changed its rows
    atomic = False

    dependencies = [("feeds", "0003_announcements")]

    operations = [
        migrations.AddField(
            model_name="posttopic",
            name="created_at",
            field=models.DateTimeField(default=timezone.now, editable=False),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="posttopic",
            name="is_open",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.RunPython(take_over, migrations.RunPython.noop),
        migrations.RemoveIndex(model_name="posttopic", name="post_topic_by_topic"),
        migrations.AddIndex(
            model_name="posttopic",
            index=models.Index(fields=["tag", "-created_at", "-content_object"], name="post_topic_by_time"),
        ),
        migrations.AddIndex(
            model_name="posttopic",
            index=models.Index(
                condition=models.Q(("is_open", True)),
                fields=["tag", "-created_at", "-content_object"],
                name="post_topic_open",
            ),
        ),
    ]
