"""Copies of several jobs at once: one module per kind of worker."""
