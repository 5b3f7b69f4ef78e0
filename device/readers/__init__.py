"""Recorded files of every supported make, read into a Recording."""
