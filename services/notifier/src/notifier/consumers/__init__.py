"""One file for each kind of news that notifier listens to."""
