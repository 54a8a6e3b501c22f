"""A drive -> the segments driven, and where on them each pose lies."""

from roads.matching.match import match
from roads.matching.values import Matching, MatchOptions, Span

__all__ = ["MatchOptions", "Matching", "Span", "match"]
