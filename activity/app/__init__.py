"""The app that a participant lives with, and the pages that a clinician and the staff of a trial read."""
