"""What capa does on its own, from time to time."""
