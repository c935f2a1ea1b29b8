"""The demonstration service as plain data, without any model: people, teams, articles, posts, pictures."""
