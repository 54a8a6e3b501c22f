"""What planners' programs read: pages of features, filters, vector tiles, and matching as a service."""
