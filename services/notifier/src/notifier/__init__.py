"""Reminds and escalates until the owners of what is due have acted."""
