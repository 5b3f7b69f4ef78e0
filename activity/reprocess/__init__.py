"""Batch: what is stale, the worker for one recording, engines and output."""
