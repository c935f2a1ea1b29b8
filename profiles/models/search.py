"""SearchChange: the numbered log of what changed, which the search index follows."""

from django.db import models
from django.utils import timezone

from intranet.lib.numbered import NumberedRow, unnumbered_index


class SearchChange(NumberedRow):
    """That a searchable thing changed; written in the transaction that changed it."""

    kind = models.CharField(max_length=20)
    object_id = models.BigIntegerField()
    # Words were taken from it that nobody may find any more: until the index follows, it is not found at all
    takes_back = models.BooleanField(default=False)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [unnumbered_index("search_change_unnumbered")]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"
