"""Surveys as crews see them: announced, received, checked, looked at, on the map."""
