"""What people do in the feed: keyword-only, atomic, the actor as `by`, the live event last."""
