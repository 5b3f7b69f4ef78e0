"""Windowed features: numba kernels behind thin wrappers, in one ordered table with a version."""
