"""Shortens what a program said to its end, where the reason for a failure stands."""


def last_lines(text: str) -> str:
    """Give the last 15 lines."""
    return "\n".join(text.splitlines()[-15:])
