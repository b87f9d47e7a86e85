"""What notifier does, one verb per file."""
