"""Note what notifier saw of a clock: that a reminder's moment came, or that its due instant passed."""

from events.delivery import Delivery
from intake.domain.timeline import Note
from intake.usecases.ports import ClockNews, StartWork


class NoteClockNews:
    """Keeps it in the timeline, and beside the clock where it is still true: intake knows what was done meanwhile."""

    def __init__(self, start_work: StartWork) -> None:
        self._start_work = start_work

    async def __call__(self, news: ClockNews, note: Note, delivery: Delivery) -> bool:
        """Note it once; tells whether it was about what runs. Raises AlreadyHandled for a second delivery."""
        async with self._start_work(once=delivery) as work:
            about_what_runs = await work.clocks.note(news)
            await work.progress.take_notes([note])
            return about_what_runs
