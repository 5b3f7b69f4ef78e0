"""Axivity AX3 and AX6 files (.cwa)."""
