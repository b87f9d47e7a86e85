"""Complaints: received once, never lost, never doubled."""
