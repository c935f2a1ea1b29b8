"""What profiles tells the service, from its actions, inside their transaction."""

from django.dispatch import Signal

# Sent with `user_ids`: people who may see more or less than a moment ago (suspended, left, joined, moved)
rights_changed = Signal()
# Sent with `community`, `user`, `by`: somebody asked to join a closed community; somebody was let in
community_join_requested = Signal()
community_joined = Signal()
# Sent with `topic`, `into`, `by`: all that carries `topic` must carry `into` instead; upper apps move their own rows
# with `profiles.actions.topics.move_rows`
topic_merged = Signal()
