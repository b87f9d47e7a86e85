"""Which nonconformities concern a site: those to which a complaint of it belongs."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from capa.db.tables import complaint, nonconformity_complaint


def of_sites(sites: Iterable[str]) -> sa.Select[Any]:
    """Ask for the ids of nonconformities to which a complaint of these sites belongs."""
    return (
        sa.select(nonconformity_complaint.c.nonconformity_id)
        .join(complaint, complaint.c.id == nonconformity_complaint.c.complaint_id)
        .where(complaint.c.site.in_(sorted(sites)))
    )
