"""One file for each kind of thing that capa hears of: it turns an event into a use case's call."""
