"""Signed webhooks, after Standard Webhooks 1.0: which addresses they may reach, signatures, one attempt to post."""
