"""What a complaint is and what may become of it; no I/O."""
