from common.tracing import UNTRACED, Story, TraceContext, context_of, traced

PLACE = TraceContext("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "crm=1")


def test_a_tracestate_says_nothing_alone() -> None:
    assert context_of(None, "crm=1") is None
    assert context_of(PLACE.traceparent, "crm=1") == PLACE


def test_what_untraced_work_causes_continues_where_the_work_came_from() -> None:
    with traced(UNTRACED, "work", [Story(context=PLACE), Story()]) as (first, second):
        assert (first.context, second.context) == (PLACE, None)
