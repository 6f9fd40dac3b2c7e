"""Who goes where: weekly rounds without clash, the days of two months, then what really happened.

The rounds leave fifteen minutes between two visits of a worker, so that an overlap in the demo is one of
those made on purpose (make_demo.py), never an accident of the draw.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random

import demo_cases as cases
from demo_names import WORKERS

HOLIDAYS = {date(2026, 11, 1), date(2026, 11, 11)}
TRAVEL = timedelta(minutes=15)


@dataclass(frozen=True)
class Slot:
    """One visit of every week."""

    client: int
    worker: str
    service: str
    weekday: int
    start: time
    minutes: int


@dataclass(frozen=True)
class Visit:
    """One planning or one intervention, in local time."""

    id: str
    client: int
    worker: str
    service: str
    start: datetime
    end: datetime
    planning_id: str | None = None
    status: str = "validée"
    comment: str = ""

    @property
    def minutes(self) -> int:
        return int((self.end - self.start).total_seconds() // 60)

    def lasting(self, minutes: int) -> Visit:
        return replace(self, end=self.start + timedelta(minutes=minutes))


def service_of(client: int) -> str:
    if client in cases.OTHER_SERVICE:
        return cases.OTHER_SERVICE[client]
    return "AIDE_VIE" if client in cases.CARE else "MENAGE"


def weekly_slots(rng: Random) -> list[Slot]:
    """Two or three visits a week for each of the 60 clients (a Sunday one where the plan's rule needs it)."""
    slots: list[Slot] = []
    for client in range(1, 61):
        if client == 54:  # nights, Saturday and Wednesday
            slots += [Slot(54, WORKERS[11], "GARDE_NUIT", d, time(22, 0), 540) for d in (2, 5)]
            continue
        care = client in cases.CARE
        weekdays = sorted(rng.sample(range(5), 3 if care else 2))
        if client % 13 == 0:
            weekdays.append(5)
        if client in cases.SUNDAYS:
            weekdays.append(6)
        for weekday in weekdays:
            minutes = rng.choice((90, 105, 120, 150) if care else (90, 120, 120, 165))
            slots.append(free_slot(rng, slots, client, service_of(client), weekday, minutes))
    return slots


def free_slot(rng: Random, taken: list[Slot], client: int, service: str, weekday: int, minutes: int) -> Slot:
    """The first free worker and half hour, tried in a drawn order; the night worker does nights only."""
    day = datetime(2026, 1, 5) + timedelta(days=weekday)
    hours = [time(8 + n // 2, 30 * (n % 2)) for n in range(22)]
    choices = [(worker, start) for worker in WORKERS[:11] for start in hours]
    rng.shuffle(choices)
    for worker, start in choices:
        begin = datetime.combine(day.date(), start)
        end = begin + timedelta(minutes=minutes)
        clash = any(
            (slot.worker == worker or slot.client == client)
            and begin < datetime.combine(day.date(), slot.start) + timedelta(minutes=slot.minutes) + TRAVEL
            and datetime.combine(day.date(), slot.start) < end + TRAVEL
            for slot in taken
            if slot.weekday == weekday
        )
        if not clash:
            return Slot(client, worker, service, weekday, start, minutes)
    raise RuntimeError("no worker is free: the rounds are too full")


def plannings(slots: list[Slot], first: date, last: date, prefix: str) -> list[Visit]:
    """Every visit planned between two dates. On a holiday only those who need care are visited."""
    visits: list[Visit] = []
    day = first
    while day <= last:
        for slot in sorted(
            (s for s in slots if s.weekday == day.weekday()), key=lambda s: (s.start, s.client)
        ):
            if day in HOLIDAYS and slot.client not in cases.CARE and slot.client != 54:
                continue
            begin = datetime.combine(day, slot.start)
            end = begin + timedelta(minutes=slot.minutes)
            number = f"{prefix}{len(visits) + 1:04d}"
            visits.append(Visit("PL" + number, slot.client, slot.worker, slot.service, begin, end))
        day += timedelta(days=1)
    return visits


def done(rng: Random, planned: list[Visit], until: date, unvalidated_from: date | None) -> list[Visit]:
    """What the workers did: mostly as planned, sometimes five minutes more or less (below the tolerance)."""
    result = []
    for visit in planned:
        if visit.start.date() > until:
            continue
        shift = rng.choice((0, 0, 0, 0, 0, 0, 5, -5))
        late = unvalidated_from is not None and visit.start.date() >= unvalidated_from
        status = "réalisée" if late or rng.random() < 0.06 else "validée"
        visit = replace(visit, id=visit.id.replace("PL", "IN"), planning_id=visit.id, status=status)
        result.append(visit.lasting(visit.minutes + (0 if visit.service == "GARDE_NUIT" else shift)))
    return result
