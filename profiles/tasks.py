"""Work done after the commit: it may run twice, takes ids, reads again."""

from django_tasks import task

from profiles import indexing


@task()
def update_search_index() -> None:
    """Bring the search index up to the last numbered change."""
    indexing.catch_up()
