"""Notifications to crash-safe segments on disk, and back."""
