"""What happened to a signal, as events and as lines of history."""

from dataclasses import replace
from datetime import datetime

from capa.domain.signals.signal import Signal, State
from capa.domain.signals.watch import ALL, NO_SITE
from capa.usecases.cause import Cause
from capa.usecases.chronicle import Change
from capa.usecases.outgoing import SOURCE
from common.ids import new_id
from events.contracts.capa import SignalClearedV1, SignalEvaluatedV1, SignalRaisedV1
from events.contracts.words import Severity, SignalVerdict
from events.envelope import Contract, Event

_Told = Event[Contract]


def raised(signal: Signal, cause: Cause) -> Event[Contract]:
    """Tell that a signal was raised."""
    episode = signal.episode
    data = SignalRaisedV1(
        signal_id=signal.id,
        number=signal.number,
        watch=episode.watch,
        product=episode.product,
        category=None if episode.category == ALL else episode.category,
        rule=episode.rule,
        severity=Severity(episode.severity.value),
        complaints=episode.complaints,
        first_at=episode.first_at,
        last_at=episode.last_at,
        explanation=episode.explanation,
        policy_version=signal.policy_version,
        raised_at=signal.raised_at,
        site=None if episode.site in {ALL, NO_SITE} else episode.site,
        case_id=episode.case_id,
        proposal=None if episode.proposal is None else episode.proposal.value,
    )
    return _event(data, signal, signal.raised_at, cause)


def evaluated(signal: Signal, at: datetime, cause: Cause) -> Event[Contract]:
    """Tell that a signal was confirmed or dismissed."""
    data = SignalEvaluatedV1(
        signal_id=signal.id,
        number=signal.number,
        verdict=SignalVerdict.CONFIRMED if signal.state is State.CONFIRMED else SignalVerdict.DISMISSED,
        reason=signal.reason,
        nonconformity_id=signal.nonconformity_id,
        decided_at=at,
        case_id=signal.led_to,
    )
    return _event(data, signal, at, cause)


def cleared(signal: Signal, at: datetime, phase_begins_at: datetime | None, cause: Cause) -> Event[Contract]:
    """Tell that a signal ended."""
    data = SignalClearedV1(
        signal_id=signal.id,
        number=signal.number,
        reason=signal.clear_reason,
        phase_begins_at=phase_begins_at,
        cleared_at=at,
    )
    return _event(data, signal, at, cause)


def tell_signal(signal: Signal, cause: Cause) -> tuple[Event[Contract], ...]:
    """Tell a signal as it stands, step by step, each with the version that it had after it.

    Of a phase that clearing it began nothing is told again: that stands in its history.
    """
    told = [raised(replace(signal, version=1, state=State.RAISED), cause)]
    if signal.decided_at is not None:
        state = State.DISMISSED if signal.state is State.DISMISSED else State.CONFIRMED
        told.append(evaluated(replace(signal, version=2, state=state), signal.decided_at, cause))
    if signal.cleared_at is not None:
        told.append(cleared(signal, signal.cleared_at, None, cause))
    return tuple(told)


def raising(signal: Signal, cause: Cause) -> Change:
    """Write down that a signal was raised."""
    episode = signal.episode
    changes: dict[str, object] = {
        "watch": episode.watch,
        "rule": episode.rule,
        "complaints": episode.complaints,
        "policy_version": signal.policy_version,
    }
    if episode.case_id is not None:
        changes |= {
            "case_id": str(episode.case_id),
            "proposal": None if episode.proposal is None else episode.proposal.value,
        }
    return Change(signal.raised_at, str(cause.actor), "raised", changes, episode.explanation)


def moving(signal: Signal, at: datetime, cause: Cause, **more: object) -> Change:
    """Write down a step; the line is named after the state that it led to."""
    return Change(at, str(cause.actor), signal.state.value, more, signal.clear_reason or signal.reason)


def _event(data: Contract, signal: Signal, at: datetime, cause: Cause) -> Event[Contract]:
    return _Told(
        id=new_id(),
        source=SOURCE,
        key=str(signal.id),
        subject=str(signal.id),
        version=signal.version,
        occurred_at=at,
        recorded_at=at,
        actor=str(cause.actor),
        # A signal is no part of one complaint's story: it begins its own.
        correlation_id=signal.id,
        causation_id=cause.causation_id,
        traceparent=cause.traceparent,
        tracestate=cause.tracestate,
        data=data,
    )
