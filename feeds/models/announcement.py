"""AnnouncementDelivery: how far the notifications of an announcement have got."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from feeds.models.post import Post


class AnnouncementDelivery(models.Model):
    """The telling of one announcement to everybody who may see it, a batch of people after another.

    A batch and the number it reached are one transaction, so that a delivery broken off goes on where it was.
    """

    post = models.OneToOneField(Post, on_delete=models.CASCADE, related_name="delivery")
    # Everybody up to this id was told
    reached = models.BigIntegerField(default=0, editable=False)
    told = models.PositiveIntegerField(default=0, editable=False)
    started_at = models.DateTimeField(default=timezone.now, editable=False)
    moved_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name_plural = "announcement deliveries"
        indexes = [
            models.Index(fields=["moved_at"], condition=Q(finished_at__isnull=True), name="announcement_unfinished")
        ]

    def __str__(self) -> str:
        return f"{self.post}: {self.told} told"
