"""The recommender: step goal, exercises, messages, safety, and why."""
