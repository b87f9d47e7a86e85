"""A corrective-action case: its steps, what each needs, and what comes out."""
