"""Invoices as PDF: what the marts say of an invoice, laid out by templates/invoice.typ.

`invoice_data` reads the marts (no figure is computed here but the sums of the VAT table and of the payers, in
SQL on DECIMAL); `render_invoice` and `print_batch` turn that into bytes, the same for the same data.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any, Protocol

from console.documents.invoice_view import Mentions, document_date, title_of, view
from console.documents.rendering import compile_invoices, join
from console.documents.store import DocumentError

CHUNK = 500  # invoices read from the warehouse at a time
PRINT_SLICE = 10  # invoices laid out at a time in a print batch


class Rows(Protocol):
    """What is asked of console.warehouse.query.Warehouse."""

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]: ...


_INVOICES = """
select i.invoice_id, i.invoice_number, i.kind, i.origin, i.replaces, i.client_id, i.payment_method, i.period,
       i.status, i.issued_on, i.due_on, i.created_at, i.total_incl_vat, i.total_excl_vat, i.total_vat,
       i.payer_total, i.client_total, i.is_home_plus_client,
       c.civility, c.last_name, c.first_name, c.address, c.postal_code, c.city, c.country,
       a.name as agency_name, a.siret, a.nova_number, a.vat_number, a.address as agency_address,
       a.postal_code as agency_postal_code, a.city as agency_city, a.country as agency_country,
       i.client_name,
       exists (
           from marts.invoice_controls as k
           where k.invoice_id = i.invoice_id and k.severity = 'home_plus' and k.code <> 'HP_STATUT'
       ) as home_plus_refused
from marts.invoices as i
left join marts.clients as c on c.client_id = i.client_id
left join marts.agencies as a
    on a.agency_id = coalesce(
        (select x.agency_id from marts.agencies as x where x.agency_id = c.agency_id),
        (select min(x.agency_id) from marts.agencies as x where x.is_default),
        (select min(x.agency_id) from marts.agencies as x)
    )
where i.{key} in (select unnest(?::varchar[]))
"""
_LINES = """
select l.invoice_id, l.line_no, l.source, l.date, l.label, l.worker_id, l.day_type, l.minutes, l.quantity,
       l.unit, l.rate, l.amount, l.covered, l.care_plan_id, l.payer_share, l.informative_payer_share,
       l.is_adjustment, l.reversed_line_no, r.invoice_number as reversed_number, p.name as payer_name
from marts.invoice_lines as l
left join marts.invoices as r on r.invoice_id = l.reversed_invoice_id
left join marts.payers as p on p.payer_id = l.payer_id
where l.invoice_id in (select unnest(?::varchar[]))
order by l.invoice_id, l.line_no
"""
_VAT = """
select l.invoice_id, l.vat_rate, sum(l.excl_vat) as excl_vat, sum(l.vat) as vat, sum(l.amount) as incl_vat
from marts.invoice_lines as l
where l.invoice_id in (select unnest(?::varchar[]))
group by l.invoice_id, l.vat_rate
order by l.invoice_id, l.vat_rate
"""
_PAYERS = """
select l.invoice_id, l.payer_id, coalesce(p.name, l.payer_id) as name, sum(l.payer_share) as share,
       sum(l.informative_payer_share) as informative_share
from marts.invoice_lines as l
left join marts.payers as p on p.payer_id = l.payer_id
where l.payer_id is not null and l.invoice_id in (select unnest(?::varchar[]))
group by l.invoice_id, l.payer_id, p.name
having sum(l.payer_share) <> 0 or sum(l.informative_payer_share) <> 0
order by l.invoice_id, name, l.payer_id
"""


def invoice_data(
    warehouse: Rows, invoice_ids: Iterable[str] | None = None, *, numbers: Iterable[str] | None = None
) -> Iterator[dict[str, Any]]:
    """The facts of each invoice, in the order asked, from the marts; an id that is not there is left out.

    A dict holds the columns of `marts.invoices` used here, the client's and the agency's, and the lists
    `lines`, `vat`, `payers`; amounts are Decimal. `home_plus` is true when nothing but its not being sent yet
    keeps the invoice from Home+ (spec 30)."""
    key = "invoice_id" if invoice_ids is not None else "invoice_number"
    wanted = list(invoice_ids if invoice_ids is not None else numbers or ())
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        yield from _chunk(warehouse, key, chunk)


def _chunk(warehouse: Rows, key: str, wanted: list[str]) -> Iterator[dict[str, Any]]:
    invoices = {row[key]: row for row in warehouse.rows(_INVOICES.format(key=key), [wanted])}
    ids = [row["invoice_id"] for row in invoices.values()]
    parts = {
        name: _by_invoice(warehouse.rows(sql, [ids]))
        for name, sql in (("lines", _LINES), ("vat", _VAT), ("payers", _PAYERS))
    }
    for name in wanted:
        if name not in invoices:
            continue
        data = invoices[name]
        for part, rows in parts.items():
            data[part] = rows.get(data["invoice_id"], [])
        data["home_plus"] = _paid_by_home_plus(data)
        yield data


def _by_invoice(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    grouped: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        grouped[row["invoice_id"]].append(row)
    return grouped


def _paid_by_home_plus(data: dict[str, Any]) -> bool:
    return bool(
        data["is_home_plus_client"]
        and data["payment_method"] == "virement"
        and data["kind"] != "credit_note"
        and data["client_total"] > 0
        and not data["home_plus_refused"]
    )


def check(data: dict[str, Any]) -> None:
    """Raises DocumentError for a document that must not leave the house: lines, VAT table, payers and totals
    do not say the same to the cent, or a numbered invoice has no seller."""
    zero = Decimal("0.00")
    pairs = (
        (sum((line["amount"] for line in data["lines"]), zero), data["total_incl_vat"]),
        (sum((row["excl_vat"] for row in data["vat"]), zero), data["total_excl_vat"]),
        (sum((row["vat"] for row in data["vat"]), zero), data["total_vat"]),
        (sum((row["share"] for row in data["payers"]), zero), data["payer_total"]),
        (data["payer_total"] + data["client_total"], data["total_incl_vat"]),
    )
    name = data["invoice_number"] or data["invoice_id"]
    if any(left != right for left, right in pairs):
        raise DocumentError(
            f"La facture {name} n'est pas imprimée : le total de ses lignes ne correspond pas à ses "
            "montants. Lancez « guichet verify »."
        )
    if data["invoice_number"] and not (data["agency_name"] and data["siret"]):
        raise DocumentError(
            f"La facture {name} n'est pas imprimée : le nom ou le SIRET de l'agence manque. "
            "Complétez puis rechargez le fichier des agences."
        )


def render_invoice(data: dict[str, Any], mentions: Mentions | None = None) -> bytes:
    """The PDF/A-3b of one invoice (`data` as given by invoice_data); the same bytes for the same input.
    Raises DocumentError (see check)."""
    check(data)
    shown = view(data, mentions or Mentions())
    return compile_invoices(
        [shown], title=title_of(data), author=shown["agency"]["name"], on=document_date(data)
    )


def render_many(
    jobs: Iterable[dict[str, Any]],
    mentions: Mentions | None = None,
    *,
    processes: int = 2,
    on_error: Callable[[dict[str, Any], DocumentError], None] | None = None,
) -> Iterator[tuple[str, bytes]]:
    """(invoice_id, PDF) of each invoice in the order given, `processes` at a time.

    An invoice that cannot be rendered is told to `on_error` and left out; without `on_error` it raises.
    Typst works outside Python's lock, so the parallel parts are threads: nothing is left running when the
    worker is killed. At most a few documents wait in memory."""
    shown = mentions or Mentions()
    pending: deque[tuple[dict[str, Any], Future[bytes]]] = deque()
    with ThreadPoolExecutor(max_workers=processes, thread_name_prefix="typst") as pool:

        def finished(wait_for: int) -> Iterator[tuple[str, bytes]]:
            while len(pending) > wait_for:
                data, future = pending.popleft()
                try:
                    yield data["invoice_id"], future.result()
                except DocumentError as error:
                    if on_error is None:
                        raise
                    on_error(data, error)

        try:
            for data in jobs:
                pending.append((data, pool.submit(render_invoice, data, shown)))
                yield from finished(processes * 4)
            yield from finished(0)
        finally:
            for _, future in pending:
                future.cancel()


def print_batch(data: Iterable[dict[str, Any]], mentions: Mentions | None = None) -> bytes:
    """One PDF of many invoices, for the printer: each begins on a fresh page and counts its own pages.

    Typst keeps the pages of its last files in memory (about 2 MB each), so the batch is laid out by slices,
    then joined.
    Raises DocumentError for an empty batch and for an invoice that must not be printed (see check)."""
    title, parts, on = "Lot d'impression", [], date.min
    for invoices in _slices(data, PRINT_SLICE):
        for item in invoices:
            check(item)
        shown = [view(item, mentions or Mentions()) for item in invoices]
        on = max(on, *(document_date(item) for item in invoices))
        parts.append(
            compile_invoices(shown, title=title, author=shown[0]["agency"]["name"], on=on, tags=False)
        )
    if not parts:
        raise DocumentError("Le lot d'impression est vide : aucune facture à imprimer.")
    return join(parts, title=title, on=on)


def _slices(data: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    remaining = iter(data)
    while part := list(islice(remaining, size)):
        yield part
