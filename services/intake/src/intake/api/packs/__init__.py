"""Inspection packs: as JSON, as a page to print, and as an archive with the attachments."""
