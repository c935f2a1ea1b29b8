"""Places on the article page that other apps add to."""

from intranet.lib.panels import Slot

article = Slot("article")
article_actions = Slot("article_actions")
