"""The pages and fragments of the feed."""
