"""OIDC bearer tokens: verified against the issuer's own keys, and turned into the same Principal as an API key."""
