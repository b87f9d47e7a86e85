"""What a database that cannot be used raises, whichever way it fails: wait, and try again."""

from typing import Final

import sqlalchemy as sa

DATABASE_FAILURES: Final = (
    sa.exc.DBAPIError,
    sa.exc.TimeoutError,
    sa.exc.DisconnectionError,
    OSError,
    TimeoutError,
)
