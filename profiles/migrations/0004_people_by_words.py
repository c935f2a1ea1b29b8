from django.db import migrations

# Of parts of words, as `profiles.words` compares them; other databases have no such indexes
INDEXES = {
    "user_by_part_of_name": "profiles_user USING gin (upper(name) gin_trgm_ops)",
    "user_by_part_of_job_title": "profiles_user USING gin (upper(job_title) gin_trgm_ops)",
    "department_by_part_of_name": "profiles_department USING gin (upper(name) gin_trgm_ops)",
    "department_by_abbreviation": "profiles_department (upper(abbreviation))",
    "topic_by_part_of_name": "profiles_topic USING gin (upper(name) gin_trgm_ops)",
}


def make(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        for name, columns in INDEXES.items():
            schema_editor.execute(f"CREATE INDEX {name} ON {columns}")


def drop(apps, schema_editor):
    # The extension stays: others may use it too
    if schema_editor.connection.vendor == "postgresql":
        for name in INDEXES:
            schema_editor.execute(f"DROP INDEX {name}")


class Migration(migrations.Migration):
    dependencies = [("profiles", "0003_groups_in_order")]

    operations = [migrations.RunPython(make, drop)]
