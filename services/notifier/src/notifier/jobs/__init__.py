"""The loops that fire timers, send what is due and count."""
