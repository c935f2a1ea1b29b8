"""What knowledge tells the service, from its actions, inside their transaction. Receivers must not fail lightly.

Each is sent with `article` and `by` (the actor).
"""

from django.dispatch import Signal

# Published for the first time, or again after a withdrawal. With `announce`: False where it is no news for
# anybody, as for an imported or reinstated article
article_published = Signal()
# A published article got a new revision, another audience, owner or marking. With `revision`
article_changed = Signal()
article_withdrawn = Signal()
