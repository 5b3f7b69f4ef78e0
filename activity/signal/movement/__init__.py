"""Measures of how much a wrist moved, each as it was published: ENMO, MAD, MIMS and ActiGraph counts."""
