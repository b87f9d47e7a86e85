"""Where the contents of attachments lie."""
