"""What the organisation knows."""

from knowledge.models.article import MAX_BODY, Article, ArticleKind, ArticleState, ArticleTopic
from knowledge.models.revision import Revision

__all__ = ["MAX_BODY", "Article", "ArticleKind", "ArticleState", "ArticleTopic", "Revision"]
