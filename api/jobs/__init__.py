"""A durable queue in the database, and the workers that empty it."""
