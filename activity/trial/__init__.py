"""The trial: run it, analyse it, and try it out on virtual people."""
