"""Who gets what, how, and what the worker is left to do."""

from __future__ import annotations

import json

from console.journal.events import ClientFieldSet
from console.journal.store import Journal, NewEvent
from tests.actions.conftest import Act
from tests.actions.marts import FakeWarehouse
from tests.journal.conftest import NOW


def jobs(journal: Journal) -> list[tuple[str, dict]]:
    with journal.reader.connect() as connection:
        rows = connection.exec_driver_sql("select kind, payload from jobs order by rowid").all()
    return [(kind, json.loads(payload)) for kind, payload in rows]


def test_drafts_are_validated_then_leave_as_each_client_wishes(
    act: Act, warehouse: FakeWarehouse, journal: Journal
):
    for client, options in (
        ("C1", {}),
        ("C2", {"invoice_delivery": "courrier"}),
        ("C3", {"home_plus_id": "HP3"}),
        ("C4", {"email": None}),
        ("C5", {"invoice_delivery": "courrier", "city": None}),
    ):
        warehouse.client(client, **options)
        warehouse.draft(client, ["52.00"])
    ids = {one["client_id"]: one["invoice_id"] for one in act("invoices.create", period="2026-10").done}
    result = act("invoices.send", period="2026-10", delivery="all")
    assert [(one["invoice_number"], one["delivery"]) for one in result.done] == [
        ("F2026-000001", "mail"),
        ("F2026-000002", "courrier"),
        ("F2026-000003", "mail"),
    ]
    assert {one["id"]: one["reason"] for one in result.skipped} == {
        ids["C4"]: "le client n'a pas d'adresse électronique",
        ids["C5"]: "l'adresse postale du client est incomplète",
    }
    assert result.message == "3 facture(s) en cours d'envoi : 2 par mail, 1 par courrier."
    assert jobs(journal) == [
        ("documents.invoices", {"invoice_ids": [ids["C1"], ids["C2"], ids["C3"]]}),
        (
            "mail.invoice",
            {"invoice_id": ids["C1"], "number": "F2026-000001", "to": "c1@exemple.fr", "template": "facture"},
        ),
        (
            "mail.invoice",
            {
                "invoice_id": ids["C3"],
                "number": "F2026-000003",
                "to": "c3@exemple.fr",
                "template": "facture_home_plus",
            },
        ),
        ("documents.print_batch", {"invoice_ids": [ids["C2"]]}),
    ]
    with journal.begin("x", NOW) as tx:
        assert tx.kinds([f"invoice:{ids['C4']}"]) == {f"invoice:{ids['C4']}": ["billing.invoice_created"]}


def test_sending_again_is_skipped(act: Act, warehouse: FakeWarehouse, journal: Journal, issued):
    warehouse.client("C1")
    number = issued("C1", ["52.00"])
    assert len(act("invoices.send", invoice_numbers=[number]).done) == 1
    again = act("invoices.send", invoice_numbers=[number])
    assert again.skipped[0]["reason"] == "déjà envoyée"
    assert len(jobs(journal)) == 2


def test_a_month_sent_by_mail_leaves_the_letters(act: Act, warehouse: FakeWarehouse, issued):
    warehouse.client("C1", invoice_delivery="courrier")
    number = issued("C1", ["52.00"])
    month = act("invoices.send", period="2026-10", delivery="mail")
    assert (month.done, month.skipped[0]["reason"]) == ([], "le client reçoit ses factures par courrier")
    named = act("invoices.send", invoice_numbers=[number], delivery="mail", template="facture_home_plus")
    assert (named.done[0]["delivery"], named.done[0]["recipient"]) == ("mail", "c1@exemple.fr")


def test_an_address_corrected_in_the_console_counts_at_once(
    act: Act, warehouse: FakeWarehouse, journal: Journal, issued
):
    warehouse.client("C1", email=None)
    number = issued("C1", ["52.00"])
    assert act("invoices.send", invoice_numbers=[number]).skipped
    change = ClientFieldSet(client_id="C1", field="email", value="nouveau@exemple.fr")
    with journal.begin("anne", NOW) as tx:
        tx.append([NewEvent("client:C1", change.kind_name, change)])
        tx.commit()
    assert act("invoices.send", invoice_numbers=[number]).done[0]["recipient"] == "nouveau@exemple.fr"


def test_a_simulation_sends_nothing(act: Act, warehouse: FakeWarehouse, journal: Journal, issued):
    warehouse.client("C1")
    number = issued("C1", ["52.00"])
    seq = journal.last_seq()
    assert act("invoices.send", invoice_numbers=[number], simulate=True).done
    assert (journal.last_seq(), jobs(journal)) == (seq, [])
