"""Defects and coverage turned into severity, extent and a score."""
