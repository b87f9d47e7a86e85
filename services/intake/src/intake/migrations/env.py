from chassis.migrations import run_env
from intake.db.tables import metadata

run_env(metadata)
