"""A rendered street with damage of exactly known place and size."""
