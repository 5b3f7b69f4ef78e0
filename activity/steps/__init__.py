"""Step counters behind one contract."""
