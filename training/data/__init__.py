"""Labelled pictures read from disk."""
