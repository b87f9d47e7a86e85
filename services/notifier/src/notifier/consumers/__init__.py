"""One file per event that notifier listens to."""
