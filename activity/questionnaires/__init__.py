"""Instruments as data, scoring as code."""
