from chassis.migrations import run_env
from intake.db.crm_tables import metadata

run_env(metadata)
