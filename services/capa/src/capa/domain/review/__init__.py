"""What a management review asks about a period, and the pack that answers it."""
