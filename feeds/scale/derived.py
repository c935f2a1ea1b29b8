"""What follows from what was said, made by the database from its own rows: notifications, where topics were used."""

from __future__ import annotations

from feeds.models import Comment, Follow, Notification, NotificationKind, Post, PostTopic
from feeds.scale.plan import IDS, Clock, Plan
from feeds.scale.tables import Writer
from knowledge.models import Article, ArticleState, ArticleTopic
from profiles.models import CommunityTopic, Expertise, TopicAudience

# What was told longer ago was read
UNREAD_DAYS = 10
TABLES = {
    "comment": Comment._meta.db_table,
    "follow": Follow._meta.db_table,
    "notification": Notification._meta.db_table,
    "post": Post._meta.db_table,
    "post_topic": PostTopic._meta.db_table,
    "article": Article._meta.db_table,
    "article_topic": ArticleTopic._meta.db_table,
    "community_topic": CommunityTopic._meta.db_table,
    "expertise": Expertise._meta.db_table,
    "topic_audience": TopicAudience._meta.db_table,
}
# As `feeds.actions` tells: a reply to its author, a comment to whose post it is on, each once and never of one's own
TOLD = """
    INSERT INTO {notification} (recipient_id, kind, actor_id, post_id, comment_id, created_at, read_at)
    SELECT told.recipient, told.kind, told.actor, told.post, told.comment, told.at,
           CASE WHEN told.at < %s AND told.recipient NOT IN (%s, %s) THEN told.at END
    FROM (
        SELECT above.author_id AS recipient, '{reply}' AS kind, said.author_id AS actor, said.post_id AS post,
               said.id AS comment, said.created_at AS at
        FROM {comment} said JOIN {comment} above ON above.id = said.parent_id
        WHERE above.author_id <> said.author_id
      UNION ALL
        SELECT COALESCE(article.owner_id, post.author_id), '{on_post}', said.author_id, said.post_id, said.id,
               said.created_at
        FROM {comment} said JOIN {post} post ON post.id = said.post_id
        LEFT JOIN {article} article ON article.id = post.article_id
        LEFT JOIN {comment} above ON above.id = said.parent_id
        WHERE COALESCE(article.owner_id, post.author_id) NOT IN (said.author_id, COALESCE(above.author_id, 0))
      UNION ALL
        SELECT said.author_id, '{answer}', post.author_id, post.id, said.id, said.created_at
        FROM {post} post JOIN {comment} said ON said.id = post.answer_id WHERE said.author_id <> post.author_id
      UNION ALL
        SELECT follow.person_id, '{follower}', follow.user_id, NULL, NULL, follow.created_at
        FROM {follow} follow WHERE follow.person_id IS NOT NULL
    ) told
    ORDER BY told.at, told.kind, told.comment, told.actor, told.recipient
"""
USED = """
    INSERT INTO {topic_audience} (topic_id, audience_id)
    SELECT used.topic, used.audience FROM (
        SELECT about.tag_id AS topic, post.audience_id AS audience
        FROM {post_topic} about JOIN {post} post ON post.id = about.content_object_id
      UNION
        SELECT about.tag_id, article.audience_id
        FROM {article_topic} about JOIN {article} article ON article.id = about.content_object_id
        WHERE article.state <> '{draft}'
      UNION
        SELECT topic_id, %s FROM {expertise}
      UNION
        SELECT about.topic_id, audience.id
        FROM {community_topic} about JOIN profiles_audience audience ON audience.community_id = about.community_id
    ) used
    ORDER BY used.topic, used.audience
"""


def tell(plan: Plan, clock: Clock, writer: Writer) -> None:
    """The notification of every comment, answer and new follower."""
    words = {
        "reply": NotificationKind.REPLY,
        "on_post": NotificationKind.COMMENT,
        "answer": NotificationKind.ANSWER,
        "follower": NotificationKind.FOLLOWER,
    }
    since = clock(plan.end - UNREAD_DAYS * 86_400)
    sql = TOLD.format(**TABLES, **words)
    writer.run(TABLES["notification"], sql, since, IDS["away"], IDS["busy"])


def note_use(everyone: int, writer: Writer) -> None:
    """Which audiences each topic was used for."""
    writer.run(TABLES["topic_audience"], USED.format(**TABLES, draft=ArticleState.DRAFT), everyone)
