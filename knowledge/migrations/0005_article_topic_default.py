from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    # So that the release before, which does not know the column, can still write articles
    dependencies = [("knowledge", "0004_articles_in_order")]

    operations = [
        migrations.AlterField(
            model_name="articletopic",
            name="updated_at",
            field=models.DateTimeField(db_default=Now(), editable=False),
        ),
    ]
