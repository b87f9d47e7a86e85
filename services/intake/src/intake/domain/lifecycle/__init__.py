"""The lifecycle of a complaint: its states, the steps between them, what each needs and what it leaves on record."""
