"""Pages and charts from the same values as the tables."""
