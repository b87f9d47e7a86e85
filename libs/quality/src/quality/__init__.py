"""Statistics of quality: control charts, effectiveness of actions, indicators and Pareto tables.

Nothing here reads a clock, a file or a network. Distributions are SciPy's; every function gives the source of its formula.
"""
