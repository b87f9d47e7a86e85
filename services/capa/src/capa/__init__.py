"""Nonconformities, and the actions that contain and end them."""
