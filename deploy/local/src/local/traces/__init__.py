"""Traces on this machine: takes what the services send and shows each as a tree."""

from local.traces.collector import Collector, TracedSpan
from local.traces.tree import tree_of

__all__ = ["Collector", "TracedSpan", "tree_of"]
