"""The activity classifier: predict, train, evaluate, smooth, and its artefact on disk."""
