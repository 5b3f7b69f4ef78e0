"""Reads ActiGraph files (.gt3x): what the device is, where its records are, and the samples in them."""
