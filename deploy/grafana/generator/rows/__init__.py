"""Rows that several dashboards share, one file for each part of a process."""
