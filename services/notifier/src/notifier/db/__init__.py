"""Notifier's tables and the transactions on them."""
