"""Slow, obvious twins of the kernels; a kernel and its twin must agree on exact inputs."""
