"""What a person decides about Home+ payment requests: ask, ask again, look, correct. Spec 30.

Eligibility and the bodies to send are computed in the warehouse. Here it is decided, against the journal and
inside its transaction, that nobody asked before and that what the warehouse saw still holds; the request is
left to the outbox, ten to a job.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BeforeValidator, Field

from console.actions.home_plus_sending import BATCH, Candidate, Sending, candidates
from console.actions.registry import Context, Params, Refused, Result, action
from console.journal import outbox
from console.journal.events import ClientFieldSet, Day, HomePlusStatusAccepted, Month
from console.journal.store import NewEvent

Number = Annotated[str, Field(min_length=1, max_length=100)]
# A request in one of these states is over: the invoice number is spent (spec 30, "Lifecycle").
NUMBER_IS_SPENT = ("refusee", "supprimee", "annulee", "annulee_particulier")
LOCAL_STATES = ("a_envoyer", "en_file", "en_erreur")
UNKNOWN = "facture inconnue ou non validée"


class RequestPayment(Params):
    invoice_numbers: list[Number] | None = Field(None, title="Factures", max_length=200_000)
    period: Month | None = Field(None, title="Période", description="AAAA-MM : toutes les factures éligibles")


class Retry(Params):
    invoice_numbers: list[Number] | None = Field(
        None,
        title="Factures",
        max_length=200_000,
        description="Vide : toutes celles dont les contrôles passent",
    )


class Poll(Params):
    invoice_numbers: list[Number] | None = Field(
        None, title="Factures", max_length=200_000, description="Vide : toutes les demandes en cours"
    )


class SetVirement(Params):
    client_ids: list[Number] = Field(title="Clients", min_length=1, max_length=200_000)


class CorrectClient(Params):
    client_id: Number = Field(title="Client")
    birth_date: Day | None = Field(None, title="Date de naissance")
    home_plus_id: Number | None = Field(None, title="Identifiant HOME+")
    home_plus_activated_on: Day | None = Field(None, title="Date d'activation HOME+")
    home_plus_status: Literal["OK", "EN_COURS", "BLOQUE", "MANDAT_ECHU"] | None = Field(
        None, title="État du compte HOME+"
    )
    payment_method: Literal["virement", "prelevement", "cheque", "cesu", "especes", "carte"] | None = Field(
        None, title="Mode de règlement"
    )
    reason: str = Field("", title="Motif", max_length=500)


class AcceptStatus(Params):
    invoice_numbers: Annotated[list[Number], BeforeValidator(lambda v: [v] if isinstance(v, str) else v)] = Field(
        title="Factures", min_length=1, max_length=10_000,
        validation_alias=AliasChoices("invoice_numbers", "invoice_number"),
    )  # fmt: skip
    state: Number | None = Field(
        None, title="Statut à retenir", description="Vide : le dernier statut reçu et refusé"
    )
    reason: str = Field(title="Motif", min_length=1, max_length=500)


@action(
    "home_plus.set_virement", label="Passer en virement", bulk="client_ids",
    confirm="Les clients choisis seront réglés par virement : HOME+ prélèvera, l'agence ne prélèvera plus.",
)  # fmt: skip
def set_virement(params: SetVirement, ctx: Context) -> Result:
    """Sets the payment method of Home+ clients to « virement », over what the files say."""
    wanted = list(dict.fromkeys(params.client_ids))
    rows = ctx.warehouse.rows(
        "select client_id, payment_method, home_plus_id from marts.clients "
        "where client_id in (select unnest(?))",
        [wanted],
    )
    known = {row["client_id"]: row for row in rows}
    newer = _fields_set_since(ctx)
    result, events = Result(), []
    for client_id in wanted:
        row = known.get(client_id)
        if row is None:
            result.failed.append({"id": client_id, "reason": "client inconnu"})
        elif not row["home_plus_id"] and not newer.get((client_id, "home_plus_id")):
            result.skipped.append({"id": client_id, "reason": "client sans identifiant HOME+"})
        elif newer.get((client_id, "payment_method"), row["payment_method"]) == "virement":
            result.skipped.append({"id": client_id, "reason": "déjà réglé par virement"})
        else:
            events.append(_field_set(client_id, "payment_method", "virement", "avance immédiate HOME+"))
            result.done.append({"id": client_id, "payment_method": "virement"})
    ctx.tx.append(events)
    result.message = f"{len(result.done)} client(s) passé(s) en virement."
    return result


@action(
    "home_plus.request_payment", label="Demande de paiement HOME+", bulk="invoice_numbers",
    confirm="Une tâche de fond enverra les demandes à HOME+ ; ce qui n'est pas éligible est laissé de côté.",
)  # fmt: skip
def request_payment(params: RequestPayment, ctx: Context) -> Result:
    """Asks Home+ for the payment of invoices, or of all the eligible ones of a period. A named invoice that a
    control stops is reported, and shown in « Erreurs HOME+ »."""
    if params.invoice_numbers is None and params.period is None:
        raise Refused("Indiquez des factures ou une période.")
    named = params.invoice_numbers is not None
    wanted = list(dict.fromkeys(params.invoice_numbers or []))
    found = candidates(ctx, wanted if named else None, params.period)
    result = Result()
    result.failed += _not_home_plus(ctx, [number for number in wanted if number not in found])
    sending = Sending(ctx, result)
    held = ctx.tx.claim_holders(f"home_plus:{number}" for number in found)
    for one in found.values():
        if f"home_plus:{one.number}" in held:
            result.skipped.append({"id": one.number, "reason": f"demande déjà faite ({one.label})"})
        else:
            sending.add(one, attempt=1, named=named)
    sending.commit()
    return result


@action(
    "home_plus.retry", label="Relancer la demande HOME+", bulk="invoice_numbers",
    confirm="Les contrôles sont refaits ; les demandes qui passent sont renvoyées par une tâche de fond.",
)  # fmt: skip
def retry(params: Retry, ctx: Context) -> Result:
    """Sends again the requests in error whose controls pass now. Home+ is asked first whether it has them. A
    refused, deleted or cancelled request needs a new invoice number."""
    named = params.invoice_numbers is not None
    wanted = list(
        dict.fromkeys(params.invoice_numbers if params.invoice_numbers is not None else _in_error(ctx))
    )
    found = candidates(ctx, wanted, None)
    attempts = _attempts(ctx, found.values())
    waiting = _waiting(ctx, "home_plus.request")
    result = Result()
    to_poll: list[str] = []
    sending = Sending(ctx, result)
    for number in wanted:
        one = found.get(number)
        if one is None:
            result.failed += _not_home_plus(ctx, [number])
        elif one.state in NUMBER_IS_SPENT:
            reason = (
                f"la demande est « {one.label} » : ce numéro ne peut plus servir ; créez un avoir et "
                "refacturez pour obtenir un nouveau numéro"
            )
            (result.failed if named else result.skipped).append({"id": number, "reason": reason})
        elif one.state not in LOCAL_STATES:
            to_poll.append(number)
        elif number in waiting:
            result.skipped.append({"id": number, "reason": "un envoi est déjà prévu"})
        elif one.state == "a_envoyer" and not attempts.get(number):
            result.skipped.append({"id": number, "reason": "aucune demande n'a encore été faite"})
        else:
            sending.add(one, attempts.get(number, 0) + 1, named)
    sending.commit()
    _enqueue_polls(ctx, to_poll, result)
    return result


@action("home_plus.poll", label="Relancer la synchronisation", bulk="invoice_numbers")
def poll(params: Poll, ctx: Context) -> Result:
    """Asks Home+ what became of requests: those named, or all that are open."""
    result = Result()
    rows = ctx.warehouse.rows(
        """
        select r.invoice_number, coalesce(l.terminal, false) as is_over, r.status
        from marts.home_plus_requests r
        left join seeds.lifecycle_states l on l.lifecycle = 'home_plus' and l.state = r.status
        order by r.invoice_number
        """
    )
    known = {row["invoice_number"]: row for row in rows}
    if params.invoice_numbers is None:
        numbers = [
            number for number, row in known.items()
            if not row["is_over"] and row["status"] not in ("a_envoyer", "en_file", "en_erreur")
        ]  # fmt: skip
    else:
        numbers = list(dict.fromkeys(params.invoice_numbers))
        held = ctx.tx.claim_holders(f"home_plus:{number}" for number in numbers)
        for number in numbers:
            if number not in known and f"home_plus:{number}" not in held:
                result.failed.append(
                    {"id": number, "reason": "aucune demande de paiement pour cette facture"}
                )
        refused = {item["id"] for item in result.failed}
        numbers = [number for number in numbers if number not in refused]
    _enqueue_polls(ctx, numbers, result)
    result.message = f"{len(result.done)} demande(s) seront interrogée(s) auprès de HOME+."
    return result


@action("home_plus.correct_client", label="Corriger la fiche client")
def correct_client(params: CorrectClient, ctx: Context) -> Result:
    """Sets what Home+ needs to know of a client, over what the files say until a file brings another."""
    rows = ctx.warehouse.rows(
        "select birth_date, home_plus_id, home_plus_activated_on, home_plus_status, payment_method "
        "from marts.clients where client_id = ?",
        [params.client_id],
    )
    if not rows:
        raise Refused(f"Le client {params.client_id} est inconnu.")
    newer = _fields_set_since(ctx)
    given = params.model_dump(exclude={"simulate", "client_id", "reason"}, exclude_none=True)
    if not given:
        raise Refused("Indiquez au moins une valeur à corriger.")
    result, events = Result(), []
    for field, value in given.items():
        current = newer.get((params.client_id, field), rows[0][field])
        if current is not None and str(current) == value:
            result.skipped.append({"id": field, "reason": "valeur inchangée"})
            continue
        events.append(_field_set(params.client_id, field, value, params.reason))
        result.done.append({"id": field, "client_id": params.client_id, "value": value})
    ctx.tx.append(events)
    result.message = f"{len(result.done)} valeur(s) corrigée(s)."
    return result


@action("home_plus.accept_status", label="Accepter le statut reçu")
def accept_status(params: AcceptStatus, ctx: Context) -> Result:
    """Settles an anomaly of the lifecycle: from now on the request is in this state, for this reason."""
    numbers = list(dict.fromkeys(params.invoice_numbers))
    labels = {
        row["state"]: row["label_fr"]
        for row in ctx.warehouse.rows(
            "select state, label_fr from seeds.lifecycle_states where lifecycle = 'home_plus'"
        )
    }
    if params.state and params.state not in labels:
        raise Refused(f"Le statut « {params.state} » n'existe pas.")
    asked = {
        row["invoice_number"]
        for row in ctx.warehouse.rows(
            "select invoice_number from marts.home_plus_requests where invoice_number in (select unnest(?))",
            [numbers],
        )
    }
    refused = {} if params.state else _refused_states(ctx, numbers)
    result, events = Result(), []
    for number in numbers:
        stream = f"home_plus:{number}"
        state = params.state or refused.get(number)
        if number not in asked and not ctx.tx.claim_holders([stream]):
            result.failed.append({"id": number, "reason": "aucune demande de paiement pour cette facture"})
        elif state is None:
            result.failed.append(
                {"id": number, "reason": "aucun statut refusé : indiquez le statut à retenir"}
            )
        else:
            payload = HomePlusStatusAccepted(invoice_number=number, state=state, reason=params.reason)
            events.append(NewEvent(stream, payload.kind_name, payload))
            result.done.append({"id": number, "state": state, "label": labels[state]})
    ctx.tx.append(events)
    kept = ", ".join(sorted({f"« {item['label']} »" for item in result.done}))
    result.message = f"Statut retenu : {kept}." if kept else "Aucun statut retenu."
    return result


def _refused_states(ctx: Context, numbers: list[str]) -> dict[str, str]:
    """The last state Home+ announced that the lifecycle refused, by invoice."""
    rows = ctx.warehouse.rows(
        "select invoice_number, arg_max(state, position) as state from intermediate.int_home_plus__fold "
        "where verdict = 'illegal' and invoice_number in (select unnest(?)) group by invoice_number",
        [numbers],
    )
    return {row["invoice_number"]: row["state"] for row in rows}


def _not_home_plus(ctx: Context, numbers: list[str]) -> list[dict[str, Any]]:
    """Why these invoices are not among those of Home+ clients."""
    if not numbers:
        return []
    rows = ctx.warehouse.rows(
        "select invoice_number from marts.invoices where invoice_number in (select unnest(?)) "
        "and not is_home_plus_client",
        [numbers],
    )
    without = {row["invoice_number"] for row in rows}
    return [
        {"id": number, "reason": "le client n'a pas d'identifiant HOME+", "codes": ["HP_SANS_IDENTIFIANT"]}
        if number in without
        else {"id": number, "reason": UNKNOWN}
        for number in numbers
    ]


def _in_error(ctx: Context) -> list[str]:
    rows = ctx.warehouse.rows("select distinct invoice_number from marts.home_plus_errors order by 1")
    return [row["invoice_number"] for row in rows]


def _attempts(ctx: Context, invoices: Iterable[Candidate]) -> dict[str, int]:
    """How often each was requested, from the journal; a stopped one never was (it has claimed nothing)."""
    streams = [one.stream for one in invoices]
    found = ctx.tx.streams(streams, kinds=["home_plus.requested"])
    return {stream.removeprefix("home_plus:"): events[-1].data["attempt"] for stream, events in found.items()}


def _waiting(ctx: Context, kind: str) -> set[str]:
    """Invoice numbers that a job of this kind still has to do."""
    numbers: set[str] = set()
    for payload in outbox.pending(ctx.tx, kind):
        numbers.update(payload.get("invoice_numbers", ()))
        numbers.update(entry["invoice_number"] for entry in payload.get("requests", ()))
    return numbers


def _enqueue_polls(ctx: Context, numbers: list[str], result: Result) -> None:
    waiting = _waiting(ctx, "home_plus.poll")
    asked = [number for number in numbers if number not in waiting]
    result.skipped += [
        {"id": number, "reason": "une synchronisation est déjà prévue"}
        for number in numbers
        if number in waiting
    ]
    for start in range(0, len(asked), BATCH):
        part = asked[start : start + BATCH]
        job_id = ctx.tx.enqueue("home_plus.poll", {"invoice_numbers": part})
        result.done += [{"id": number, "job_id": job_id} for number in part]


def _fields_set_since(ctx: Context) -> dict[tuple[str, str], str | None]:
    """(client, field) → value set since the warehouse's run."""
    events = ctx.tx.events_after(ctx.warehouse.info().seq, ["clients.field_set"])
    return {(event.data["client_id"], event.data["field"]): event.data["value"] for event in events}


def _field_set(client_id: str, field: Any, value: str, reason: str) -> NewEvent:
    payload = ClientFieldSet(client_id=client_id, field=field, value=value, reason=reason)
    return NewEvent(f"client:{client_id}", payload.kind_name, payload)
