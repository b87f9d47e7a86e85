"""The demo: complaints in, actions out, owners told, on one screen within two minutes.

A client like any other: it uses the APIs with the key that `make run` wrote, and nothing else.
"""

from local.demo.complaints import Source, made_up, real

__all__ = ["Source", "made_up", "real"]
