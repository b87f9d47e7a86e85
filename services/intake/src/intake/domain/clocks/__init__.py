"""The clocks of a complaint: what must be done by when, beside the state of the work."""
