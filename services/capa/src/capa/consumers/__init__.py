"""One file for each event that capa listens to: it turns the event into a use case's call."""
