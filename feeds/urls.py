"""Addresses of the feed: home, posts, comments, follows, notifications."""

from django.urls import path

from feeds.views import comments, follows, home, live, notifications, posts, suggestions

urlpatterns = [
    path("", home.home, name="home"),
    path("suggestions/", suggestions.suggested, name="suggestions"),
    path("posts/", posts.new, name="post_new"),
    path("posts/<int:pk>/", posts.thread, name="post"),
    path("posts/<int:pk>/item/", posts.item, name="post_item"),
    path("posts/<int:pk>/edit/", posts.edit, name="post_edit"),
    path("posts/<int:pk>/hide/", posts.hide, name="post_hide"),
    path("posts/<int:pk>/react/", posts.react, name="react"),
    path("posts/<int:pk>/answer/<int:comment>/", posts.accept_answer, name="accept_answer"),
    path("posts/<int:pk>/comments/", comments.new, name="comment_new"),
    path("comments/<int:pk>/reply/", comments.reply, name="comment_reply"),
    path("comments/<int:pk>/replies/", comments.replies, name="comment_replies"),
    path("comments/<int:pk>/item/", comments.item, name="comment_item"),
    path("comments/<int:pk>/edit/", comments.edit, name="comment_edit"),
    path("comments/<int:pk>/hide/", comments.hide, name="comment_hide"),
    path("follow/", follows.follow, name="follow"),
    path("notifications/", notifications.notification_list, name="notifications"),
    path("notifications/read/", notifications.read_all, name="notifications_read"),
    path("notifications/<int:pk>/read/", notifications.read, name="notification_read"),
    path("live/", live.live_poll, name="live_poll"),
]
