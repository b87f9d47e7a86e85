from chassis.migrations import run_env
from notifier.db.tables import METADATA

run_env(METADATA)
