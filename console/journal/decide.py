"""Which of the events offered to the journal are accepted: versions, claims and groups, in order, in memory.

Pure functions: the store reads what they need and writes what they decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from console.journal.events import PAYLOADS
from console.journal.records import NewEvent

STALE = "modifié entre-temps par quelqu'un d'autre ; actualisez puis recommencez"


@dataclass(slots=True)
class Prepared:
    """A new event whose payload was checked: its text, what it claims, which events' claims it gives back."""

    event: NewEvent
    text: str
    claims: tuple[str, ...]
    releases: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Against:
    """Why an event is refused: an empty reason means that event `holder` holds `resource`."""

    reason: str
    holder: int = 0
    resource: str | None = None


@dataclass
class Decision:
    """`outcomes` is aligned with the input: a seq, or what stands against; `accepted`: (seq, version, item);
    `claimed` and `freed`: (resource, seq) to add to and take from the index."""

    outcomes: list[int | Against] = field(default_factory=list)
    accepted: list[tuple[int, int, Prepared]] = field(default_factory=list)
    claimed: list[tuple[str, int]] = field(default_factory=list)
    freed: list[tuple[str, int]] = field(default_factory=list)


def prepare(event: NewEvent) -> Prepared:
    """Checks the payload against the model of its kind. Text is kept: what is stored is what was given.
    Raises ValidationError, KeyError (unknown kind), TypeError (a model of another kind)."""
    model = PAYLOADS[event.kind]
    if isinstance(event.payload, str):
        payload = model.model_validate_json(event.payload)
        return Prepared(event, event.payload, tuple(payload.claims()), payload.released_seqs)
    if type(event.payload) is not model:
        raise TypeError(f"the payload of {event.kind} must be a {model.__name__}")
    return Prepared(
        event, event.payload.model_dump_json(), tuple(event.payload.claims()), event.payload.released_seqs
    )


def decide(
    items: list[Prepared], last_seq: int, versions: dict[str, int], held: dict[str, int] | None,
    released: dict[int, list[str]],
) -> Decision:  # fmt: skip
    """Accepts or refuses each group in order. `held`: who holds each resource now; None supposes that all are
    free (the caller finds out when it inserts them). `versions`: the last version of each stream."""
    decision = Decision()
    if held is None and not any(item.event.group for item in items):
        _decide_free(items, last_seq, dict(versions), decision)
        return decision
    versions = dict(versions)
    holders = dict(held or {})
    for _, members in groupby(enumerate(items), key=lambda pair: pair[1].event.group or pair[0]):
        group = [item for _, item in members]
        against = _against(group, versions, holders if held is not None else None, released)
        if against is not None:
            decision.outcomes += [against] * len(group)
            continue
        for item in group:
            seq = last_seq + len(decision.accepted) + 1
            stream = item.event.stream
            versions[stream] = versions.get(stream, 0) + 1
            decision.accepted.append((seq, versions[stream], item))
            decision.outcomes.append(seq)
            if held is None:
                decision.claimed += [(resource, seq) for resource in item.claims]
            else:
                _move(holders, item, seq, released)
    if held is not None:
        decision.freed = [(name, seq) for name, seq in held.items() if holders.get(name) != seq]
        decision.claimed = [(name, seq) for name, seq in holders.items() if held.get(name) != seq]
    return decision


def _decide_free(items: list[Prepared], last_seq: int, versions: dict[str, int], decision: Decision) -> None:
    """The common case of a bulk: nothing in groups, every claim supposed free."""
    seq = last_seq
    for item in items:
        event = item.event
        stream, expected = event.stream, event.expected_version
        version = versions.get(stream, 0)
        if expected is not None and expected != version:
            decision.outcomes.append(Against(STALE))
            continue
        seq += 1
        versions[stream] = version + 1
        decision.accepted.append((seq, version + 1, item))
        decision.outcomes.append(seq)
        for resource in item.claims:
            decision.claimed.append((resource, seq))


def _move(holders: dict[str, int], item: Prepared, seq: int, released: dict[int, list[str]]) -> None:
    for resource, holder in _given_back(item, released):
        if holders.get(resource) == holder:
            del holders[resource]
    for resource in item.claims:
        holders[resource] = seq


def _given_back(item: Prepared, released: dict[int, list[str]]) -> Iterator[tuple[str, int]]:
    return ((resource, seq) for seq in item.releases for resource in released.get(seq, ()))


def _against(
    group: list[Prepared], versions: dict[str, int], holders: dict[str, int] | None,
    released: dict[int, list[str]],
) -> Against | None:  # fmt: skip
    """What refuses this group, if anything does."""
    ahead: dict[str, int] = {}
    for item in group:
        stream, expected = item.event.stream, item.event.expected_version
        current = versions.get(stream, 0) + ahead.get(stream, 0)
        if expected is not None and expected != current:
            return Against(STALE)
        ahead[stream] = ahead.get(stream, 0) + 1
    if holders is None:
        return None
    free: set[tuple[str, int]] = set()
    taken: set[str] = set()
    for item in group:
        free.update(_given_back(item, released))
        for resource in item.claims:
            holder = holders.get(resource)
            if resource in taken or (holder is not None and (resource, holder) not in free):
                return Against("", 0 if resource in taken else holder or 0, resource)
            taken.add(resource)
    return None
