"""Keeps that an action's due instant passed, where that is still true."""

from dataclasses import dataclass

from capa.usecases.ports import Notice, StartWork
from events.delivery import Delivery


@dataclass(frozen=True, slots=True)
class NoteBreach:
    """Decides whether a breach that notifier saw is one: capa knows whether the action was done."""

    start_work: StartWork

    async def __call__(self, breach: Notice, once: Delivery) -> bool:
        """Keep a breach of an open action's present deadline; tell whether it was one."""
        async with self.start_work(once) as work:
            action = await work.actions.find(breach.action_id)
            heeded = action is not None and action.heeds_breach(breach.generation)
            if heeded:
                await work.actions.note(breach)
            return heeded
