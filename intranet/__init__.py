"""The two ends of the house: the ground floor (lib) and the composition (urls, asgi, search)."""
