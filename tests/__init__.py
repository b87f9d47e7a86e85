"""The tests of Redress; they mirror the sources."""
