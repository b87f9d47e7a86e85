"""The embedded log's own database: its migrations, which whoever uses the log brings to head as `events.log`."""
