"""Damage turned into the condition of every road segment."""
