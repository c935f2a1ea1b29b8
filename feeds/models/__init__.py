"""What people say now, and what reaches whom."""

from feeds.models.announcement import AnnouncementDelivery
from feeds.models.comment import MAX_COMMENT, Comment
from feeds.models.follow import Follow
from feeds.models.live_event import LiveEvent, LiveEventKind
from feeds.models.notification import Notification, NotificationKind
from feeds.models.post import MAX_POST, Post, PostKind, PostTopic
from feeds.models.reaction import Reaction, ReactionKind

__all__ = [
    "MAX_COMMENT",
    "MAX_POST",
    "AnnouncementDelivery",
    "Comment",
    "Follow",
    "LiveEvent",
    "LiveEventKind",
    "Notification",
    "NotificationKind",
    "Post",
    "PostKind",
    "PostTopic",
    "Reaction",
    "ReactionKind",
]
