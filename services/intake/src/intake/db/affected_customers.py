"""Counts the different customers who complained, without telling who they are."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from intake.usecases.affected_customers import AffectedCustomers, Asked, By, Kind

# A customer is known again by the source's own id of them, else by mail address, else by telephone number; a name alone
# belongs to many. Whoever was erased cannot be known again.
_TOLD: Final = """
SELECT {name} AS name,
       CASE WHEN coalesce(reference, '') <> '' THEN 'id:' || source_system || ':' || reference
            WHEN coalesce(trim(email), '') <> '' THEN 'mail:' || lower(trim(email))
            WHEN coalesce(phone, '') ~ '[0-9]' THEN 'phone:' || ltrim(regexp_replace(phone, '[^0-9]', '', 'g'), '0')
       END AS customer
  FROM complaint LEFT JOIN complainant ON complainant.complaint_id = complaint.id
 WHERE received_at >= CAST(:since AS timestamptz) AND received_at < CAST(:until AS timestamptz)
   AND state <> 'not_a_complaint'
   AND (CAST(:products AS text[]) IS NULL OR product = ANY(CAST(:products AS text[])))
   AND (CAST(:within AS text) IS NULL OR source_system = CAST(:within AS text))
"""
_NAMES: Final = {
    By.PRODUCT: "product",
    By.CATEGORY: "category",
    By.BOTH: "product || ' / ' || category",
    By.SITE: "coalesce(site, '-')",
}
_COUNT: Final = {
    by: sa.text(f"""
WITH told AS MATERIALIZED ({_TOLD.format(name=name)}), kinds AS (
    SELECT name, count(DISTINCT customer) AS customers, count(*) AS complaints,
           count(*) FILTER (WHERE customer IS NULL) AS unnamed
      FROM told GROUP BY name
)
SELECT *, customers / nullif(sum(customers) OVER (), 0) AS share,
       sum(customers) OVER (ORDER BY customers DESC, name) / nullif(sum(customers) OVER (), 0) AS cumulative,
       (SELECT count(DISTINCT customer) FROM told) AS all_customers,
       sum(complaints) OVER () AS all_complaints, sum(unnamed) OVER () AS all_unnamed
  FROM kinds ORDER BY customers DESC, name LIMIT :most
""")  # noqa: S608 - names of our own
    for by, name in _NAMES.items()
}


class PostgresCustomers:
    """The `CountCustomers` on one engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def count(self, asked: Asked) -> AffectedCustomers:
        """Count them in one statement, so that all the numbers are of one moment."""
        given = {
            "since": asked.since,
            "until": asked.until,
            "products": None if asked.products is None else sorted(asked.products),
            "within": asked.within,
            "most": asked.most,
        }
        async with self._engine.connect() as connection:
            rows = (await connection.execute(_COUNT[asked.by], given)).all()
        if not rows:
            return AffectedCustomers(kinds=(), customers=0, complaints=0, unnamed=0)
        kinds = [
            Kind(
                name=row.name,
                customers=row.customers,
                complaints=row.complaints,
                unnamed=row.unnamed,
                share=None if row.share is None else float(row.share),
                cumulative=None if row.cumulative is None else float(row.cumulative),
            )
            for row in rows
        ]
        first = rows[0]
        return AffectedCustomers(
            kinds=kinds,
            customers=first.all_customers,
            complaints=int(first.all_complaints),
            unnamed=int(first.all_unnamed),
        )
