"""LiveEvent: the numbered log of what open pages must learn of."""

from django.db import models
from django.utils import timezone

from feeds.models.comment import Comment
from feeds.models.post import Post
from intranet.lib.numbered import NumberedRow, unnumbered_index
from profiles.models import User


class LiveEventKind(models.TextChoices):
    POST_CREATED = "post-created"
    POST_CHANGED = "post-changed"
    POST_HIDDEN = "post-hidden"
    COMMENT_CREATED = "comment-created"
    COMMENT_CHANGED = "comment-changed"
    # A person may see more or less than a moment ago: their sockets must prove themselves again
    RIGHTS_CHANGED = "rights-changed"


class LiveEvent(NumberedRow):
    """That something happened to a post, a comment or a person's rights: ids only, the page is the truth."""

    kind = models.CharField(max_length=16, choices=LiveEventKind)
    # What a row was about may go; the row stays, for its number is what readers count by
    post = models.ForeignKey(Post, on_delete=models.SET_NULL, null=True, related_name="+")
    comment = models.ForeignKey(Comment, on_delete=models.SET_NULL, null=True, related_name="+")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [
            unnumbered_index("live_event_unnumbered"),
            models.Index(fields=["post", "number"], name="live_event_by_post"),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.kind}"
