from django.db import migrations, models
from django.db.models import OuterRef, Subquery

import profiles.models.listed

INDEXES = {
    "membership": models.Index(
        fields=["department", "person_name", "user", "started_on", "ended_on"], name="membership_by_name"
    ),
    "communitymembership": models.Index(
        fields=["community", "person_name", "user"], name="community_membership_by_name"
    ),
    "expertise": models.Index(fields=["topic", "person_name", "user"], name="expertise_by_name"),
}


def take_over(apps, schema_editor):
    name = apps.get_model("profiles", "User").objects.filter(pk=OuterRef("user_id")).values("name")
    for model in INDEXES:
        apps.get_model("profiles", model).objects.update(person_name=Subquery(name))


class Migration(migrations.Migration):
    # PostgreSQL changes no table in a transaction that has just changed its rows
    atomic = False

    dependencies = [("profiles", "0001_initial")]

    operations = [
        *(
            migrations.AddField(
                model_name=model,
                name="person_name",
                field=profiles.models.listed.CopiedName(db_default="", editable=False, max_length=120),
            )
            for model in INDEXES
        ),
        migrations.RunPython(take_over, migrations.RunPython.noop),
        *(migrations.AddIndex(model_name=model, index=index) for model, index in INDEXES.items()),
    ]
