"""What the API counts; label sets are closed and stand at 0 from the start."""

from typing import Final

from prometheus_client import Counter

from capa.domain.action import Step

STEPS_TAKEN: Final = Counter("action_steps_total", "Steps taken on actions, by step.", ["step"])

for step in Step:
    STEPS_TAKEN.labels(step.value)
