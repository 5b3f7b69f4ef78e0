"""Forms that a store has had, each with the way from the one before it."""
