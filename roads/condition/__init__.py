"""What damage and coverage say of each road section: grade, PCI and plan year, by a table that users can edit."""

from roads.condition.assessment import assess

__all__ = ["assess"]
