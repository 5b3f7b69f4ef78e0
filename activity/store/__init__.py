"""Keeps participants, what they said and what they were shown, with a chain that tells what was changed."""
