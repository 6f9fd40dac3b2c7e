"""The worker's jobs towards Home+: send payment requests, ask what became of them. Spec 30, "Sending".

At least once, with the invoice number as the stable key: whenever an earlier call may have arrived (a
second attempt, a retry, a job whose worker died), the payer is asked first, and what it has is adopted
instead of sent. Only what is still unsettled is tried again: a rejected request is never resent with its
neighbours.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from console.gateways.home_plus import (
    BATCH,
    DUPLICATE,
    NOTHING_FOUND,
    Answer,
    HomePlus,
    Item,
    NotConfigured,
    gateway,
    same_request,
    without_echo,
)  # fmt: skip
from console.gateways.http import Exchange
from console.journal.outbox import Job
from console.settings import Settings
from console.worker import NewJob, Outcome, Response, WorkerContext

DIFFERENT = "DOUBLON_DIFFERENT"
# after these, the payer may have the request although we never read so
MAY_HAVE_ARRIVED = ("TIMEOUT", "REPONSE_INCOMPLETE", "REPONSE_INCOMPREHENSIBLE", "ABANDON", "HTTP_500",
                    "HTTP_502", "HTTP_503", "HTTP_504", NOTHING_FOUND)  # fmt: skip
# a debit can come back eight weeks after "Payée"; a refusal can still be discussed (spec 30, "Worker")
RARE_STATES = ("payee", "refusee")
RARE_DAYS = 60
SENTENCES = {
    "HTTP_401": "HOME+ refuse l'accès : vérifiez l'identifiant et le secret dans les paramètres.",
    "HTTP_403": "HOME+ interdit l'accès : vérifiez l'habilitation de l'agence.",
    "HTTP_404": "L'adresse de HOME+ est introuvable : vérifiez-la dans les paramètres.",
    "INJOIGNABLE": "HOME+ n'est pas joignable.",
    "TIMEOUT": "HOME+ n'a pas répondu dans le délai.",
    "REPONSE_INCOMPLETE": "La réponse de HOME+ ne dit pas tout des demandes envoyées.",
    "REPONSE_INCOMPREHENSIBLE": "La réponse de HOME+ est illisible.",
    "HTTP_429": "HOME+ demande d'attendre : trop d'appels en peu de temps.",
}


def handle_request(job: Job, ctx: WorkerContext) -> Outcome:
    """Job `home_plus.request` {requests: [{invoice_number, client_id, amount, request, attempt}]};
    `request` is the JSON text of the body."""
    try:
        api = gateway(ctx.settings)
    except NotConfigured as error:
        return _not_configured(
            [entry["invoice_number"] for entry in job.payload["requests"]], "request", error
        )
    return _Sending(job, ctx, api).run()


def given_up(job: Job) -> list[Response]:
    """What is stored of requests whose job is given up without any answer: they show as abandoned."""
    numbers = [entry["invoice_number"] for entry in job.payload["requests"]]
    items = [Item(number, "error", error_code="ABANDON").as_dict() for number in numbers]
    return [Response("home_plus", "request", "unknown", items)]


def handle_poll(job: Job, ctx: WorkerContext) -> Outcome:
    """Job `home_plus.poll` {invoice_numbers: at most ten}: what became of these requests."""
    numbers = list(dict.fromkeys(job.payload["invoice_numbers"]))
    try:
        answer = gateway(ctx.settings).search(numbers, "poll")
    except NotConfigured as error:
        return _not_configured(numbers, "poll", error)
    if not answer.usable:
        return _failed_search(ctx, answer, numbers)
    items = []
    for number in numbers:
        found = answer.items.get(number)
        sent = _last_request(ctx, number)
        if found is None:
            items.append(Item(number, "error", error_code=NOTHING_FOUND))
        else:
            items.append(_adopt(found, sent) if sent else found)
    return Outcome("done", f"{len(numbers)} demande(s) interrogée(s).", [_row(answer, items)])


def handle_poll_all(job: Job, ctx: WorkerContext) -> Outcome:
    """Job `home_plus.poll_all` {}: one poll per ten requests whose turn it is."""
    numbers = due_polls(ctx.settings)
    jobs = [NewJob("home_plus.poll", {"invoice_numbers": part}) for part in batches(numbers)]
    return Outcome("done", f"{len(numbers)} demande(s) à interroger.", jobs=jobs)


def has_open_requests(settings: Settings) -> bool:
    """Whether the published warehouse shows a request whose turn to be polled has come."""
    return bool(due_polls(settings))


def due_polls(settings: Settings) -> list[str]:
    """Invoice numbers to ask about now, from the published warehouse (none before the first run)."""
    from console.warehouse.query import Warehouse

    warehouse = Warehouse.open(settings.paths)
    if warehouse.run_id is None:
        return []
    rows = warehouse.rows(
        """
        select r.invoice_number, r.status, r.status_at, r.last_sync_at
        from marts.home_plus_requests r
        left join seeds.lifecycle_states l on l.lifecycle = 'home_plus' and l.state = r.status
        where not coalesce(l.terminal, false)
            and r.status not in ('a_envoyer', 'en_file')
            and (r.status <> 'en_erreur' or r.last_error_code in (select unnest(?)))
        order by r.invoice_number
        """,
        [list(MAY_HAVE_ARRIVED)],
    )
    now = settings.now().replace(tzinfo=None)
    cycle = timedelta(minutes=settings.home_plus_poll_minutes)
    return [
        row["invoice_number"]
        for row in rows
        if poll_is_due(row["status"], row["status_at"], row["last_sync_at"], now, cycle)
    ]


def poll_is_due(
    status: str, since: datetime | None, last: datetime | None, now: datetime, cycle: timedelta
) -> bool:
    """The longer a request has been in its state, the rarer the question: an eighth of that time, between one
    cycle and a day; once paid or refused, from a day on, and for sixty days only."""
    age = now - since if since else timedelta(0)
    if status in RARE_STATES:
        if age > timedelta(days=RARE_DAYS):
            return False
        wait = max(age / 8, timedelta(days=1))
    else:
        wait = max(cycle, min(age / 8, timedelta(days=1)))
    return last is None or now - last >= wait - cycle / 2


def batches(numbers: Iterable[Any], size: int = BATCH) -> list[list[Any]]:
    """In lists of at most ten, in order."""
    listed = list(numbers)
    return [listed[start : start + size] for start in range(0, len(listed), size)]


class _Sending:
    """One attempt at the requests of a job: who is settled, who is left, and the exchanges to store."""

    def __init__(self, job: Job, ctx: WorkerContext, api: HomePlus):
        self.job = job
        self.ctx = ctx
        self.api = api
        self.left: dict[str, dict[str, Any]] = {
            entry["invoice_number"]: entry for entry in job.payload["requests"]
        }
        self.count = len(self.left)
        self.responses: list[Response] = []

    def run(self) -> Outcome:
        if self._may_have_arrived():
            stopped = self._adopt_known(list(self.left))
            if stopped is not None:
                return stopped
        if not self.left:
            return self._done()
        if not self.ctx.lease_held():
            return Outcome("retry")  # somebody else does it: closing this one is refused anyway
        return self._send()

    def _may_have_arrived(self) -> bool:
        return (
            self.job.attempts > 1
            or bool(self.job.payload.get("ask_first"))
            or any(entry.get("attempt", 1) > 1 for entry in self.left.values())
        )

    def _adopt_known(self, numbers: list[str]) -> Outcome | None:
        """Settles those the payer already has; the outcome of the job when it cannot be asked."""
        answer = self.api.search(numbers)
        if not answer.usable:
            return self._cannot_ask(answer)
        items = [_adopt(answer.items[n], self.left[n]) for n in numbers if n in answer.items]
        self.responses.append(_row(answer, items))
        for item in items:
            del self.left[item.subject]
        return None

    def _send(self) -> Outcome:
        answer = self.api.request({number: _body(entry) for number, entry in self.left.items()})
        if answer.refused and len(self.left) > 1:
            return self._one_by_one(answer)
        unsettled = {
            number for number, item in answer.items.items()
            if item.outcome == "unknown" or (not answer.usable and answer.exchange.repeatable)
        }  # fmt: skip
        duplicates = [number for number, item in answer.items.items() if item.error_code == DUPLICATE]
        items = [self._given_up(item) if n in unsettled else item for n, item in answer.items.items()]
        self.responses.append(_row(answer, items))
        kept = {n: entry for n, entry in self.left.items() if n in unsettled or n in duplicates}
        self.left = kept
        if duplicates:
            stopped = self._adopt_known(duplicates)
            if stopped is not None:
                return stopped
        if self.left:
            return self._again(answer.exchange)
        if not answer.usable and not answer.refused:
            return Outcome("failed", _sentence(answer.exchange), self.responses)
        return self._done()

    def _one_by_one(self, answer: Answer) -> Outcome:
        """A batch refused as a whole says nothing of each: they go again alone, so that one bad request stops
        no other."""
        self.responses.append(_row(answer, []))
        jobs = [
            NewJob("home_plus.request", {"requests": [entry], "ask_first": True})
            for entry in self.left.values()
        ]
        return Outcome(
            "done", "Lot refusé en bloc : demandes renvoyées une à une.", self.responses, jobs=jobs
        )

    def _cannot_ask(self, answer: Answer) -> Outcome:
        code = answer.exchange.error_code
        items = [self._given_up(Item(number, "unknown", error_code=code)) for number in self.left]
        self.responses.append(_row(answer, items))
        if answer.exchange.repeatable or answer.exchange.status == 200:
            return self._again(answer.exchange)
        return Outcome("failed", _sentence(answer.exchange), self.responses)

    def _given_up(self, item: Item) -> Item:
        if not self.ctx.last_attempt:
            return item
        return replace(
            item, outcome="error", error_code="ABANDON",
            message=f"Dernière cause : {item.error_code}." if item.error_code else None,
        )  # fmt: skip

    def _again(self, exchange: Exchange) -> Outcome:
        remaining = {"requests": list(self.left.values()), "ask_first": True}
        return Outcome("retry", _sentence(exchange), self.responses, remaining=remaining)

    def _done(self) -> Outcome:
        settled = {item["subject"]: item for row in self.responses for item in row.items}
        accepted = sum(item["outcome"] == "ok" for item in settled.values())
        return Outcome("done", f"{accepted} demande(s) intégrée(s) sur {self.count}.", self.responses)


def _adopt(found: Item, sent: dict[str, Any]) -> Item:
    """What the payer has under our number: ours when client and amount agree, else somebody's mistake."""
    home_plus_id = _home_plus_id(sent["request"])
    if same_request(found, home_plus_id, sent["amount"]):
        return found
    return replace(
        found, outcome="error", status_code=None, status_label=None, error_code=DIFFERENT,
        message=f"HOME+ a sous ce numéro une demande du client {found.client_ref or 'inconnu'} pour "
                f"{found.amount or 'un montant inconnu'}, au lieu de {home_plus_id} pour {sent['amount']}.",
    )  # fmt: skip


def _failed_search(ctx: WorkerContext, answer: Answer, numbers: list[str]) -> Outcome:
    exchange = answer.exchange
    items = [Item(number, "error", error_code=exchange.error_code) for number in numbers]
    again = exchange.repeatable or exchange.status == 200
    return Outcome("retry" if again else "failed", _sentence(exchange), [_row(answer, items)])


def _last_request(ctx: WorkerContext, number: str) -> dict[str, Any] | None:
    """The last request of this invoice in the journal: what the payer should have."""
    stream = f"home_plus:{number}"
    events = list(ctx.journal.events(stream=stream, kinds=["home_plus.requested"]))
    return events[-1].data if events else None


def _row(answer: Answer, items: list[Item]) -> Response:
    exchange = answer.exchange
    outcome = "unknown" if exchange.fate == "unknown" else "error" if exchange.error_code else "ok"
    body = exchange.response if answer.operation == "request" else without_echo(exchange.response)
    return Response(
        "home_plus", answer.operation, outcome, [item.as_dict() for item in items],  # type: ignore[arg-type]
        exchange.status, exchange.request, body,
    )  # fmt: skip


def _not_configured(numbers: list[str], operation: str, error: NotConfigured) -> Outcome:
    items = [Item(number, "error", error_code="CONFIGURATION").as_dict() for number in numbers]
    return Outcome("failed", str(error), [Response("home_plus", operation, "error", items)])


def _sentence(exchange: Exchange) -> str:
    code = exchange.error_code or "REPONSE_INCOMPLETE"
    return SENTENCES.get(code, f"HOME+ a répondu par une erreur ({code}).")


def _body(entry: dict[str, Any]) -> str:
    request = entry["request"]
    return request if isinstance(request, str) else json.dumps(request, ensure_ascii=False)


def _home_plus_id(request: Any) -> str | None:
    content = json.loads(request) if isinstance(request, str) else request
    return content.get("idClient")
