"""What intake does on events that it listens to."""
