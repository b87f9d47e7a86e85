"""The ways to reach a person; each says whether trying again can help and never tries again itself."""
