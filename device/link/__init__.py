"""Radios, scanning and connections: the only importer of bleak."""
