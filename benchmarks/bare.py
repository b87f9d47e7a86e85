"""What the create is measured against: FastAPI with the same body model, and one insert and commit by asyncpg.

Same server, pool size and garbage collector settings as a service; no key, no history, no outbox, no metrics.
`python -m benchmarks.bare PORT DATABASE_URL`.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from fastapi import FastAPI

from chassis.run import http_loop, run_loops, run_process
from common.ids import new_id
from intake.usecases.complaint_form import ComplaintForm

TABLE = """
CREATE TABLE IF NOT EXISTS bare (
    id uuid PRIMARY KEY, external_id text, product text, category text, body text, at timestamptz
)
"""
INSERT = "INSERT INTO bare (id, external_id, product, category, body, at) VALUES ($1, $2, $3, $4, $5, $6)"


def build(url: str) -> FastAPI:
    """Build the bare application."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(url, min_size=4, max_size=4) as pool:
            await pool.execute(TABLE)
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/v1/complaints", status_code=201)
    async def receive(form: ComplaintForm) -> dict[str, str]:
        identity = new_id()
        async with app.state.pool.acquire() as connection:
            await connection.execute(
                INSERT,
                identity,
                form.external_id,
                form.product,
                form.category,
                form.description,
                form.received_at,
            )
        return {"id": str(identity)}

    return app


async def main() -> int:
    """Serve until stopped."""
    loop = http_loop("bare", build(sys.argv[2]), "127.0.0.1", int(sys.argv[1]), setting="PORT")
    return await run_loops([loop])


if __name__ == "__main__":
    run_process(main)
