"""What each service announces: one module per service, one frozen class per version.

A published version is never edited except by optional fields with a default; anything else is the next version
beside it.
"""
