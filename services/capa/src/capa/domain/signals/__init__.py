"""Trend signals: what is watched, how it is charted, and what becomes of a signal."""
