from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("profiles", "0002_names_in_groups")]

    operations = [
        migrations.AddIndex(
            model_name="communitymembership",
            index=models.Index(
                condition=models.Q(("is_owner", True)),
                fields=["community", "person_name", "user"],
                name="community_membership_owners",
            ),
        ),
        migrations.AddIndex(
            model_name="membership",
            index=models.Index(
                fields=["person_name", "user", "department", "started_on", "ended_on"], name="membership_in_order"
            ),
        ),
        migrations.AddIndex(
            model_name="membership",
            index=models.Index(
                condition=models.Q(("is_lead", True)), fields=["department"], name="membership_leads"
            ),
        ),
    ]
