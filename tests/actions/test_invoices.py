"""From a draft to a numbered invoice: what is frozen, what is refused, and who is told why."""

from __future__ import annotations

import json

import pytest

from console.actions.registry import Refused
from console.journal.events import LINE_COLUMNS, InvoiceCreated
from console.journal.store import Journal
from tests.actions.conftest import Act
from tests.actions.marts import FakeWarehouse


def test_an_invoice_freezes_its_draft_to_the_cent(act: Act, warehouse: FakeWarehouse, journal: Journal):
    draft_id = warehouse.draft(
        "C1", ["52.00", "26.01"], payer_shares=["38.40", "0.00"], replaces="F2026-000009"
    )
    result = act("invoices.create", period="2026-10")
    assert [one["id"] for one in result.done] == [draft_id]
    assert result.done[0]["total_incl_vat"] == "78.01"
    event = next(journal.events())
    frozen = InvoiceCreated.model_validate_json(event.payload)
    assert event.stream == f"invoice:{frozen.invoice_id}"
    assert (frozen.total_incl_vat, frozen.payer_total, frozen.client_total) == ("78.01", "38.40", "39.61")
    assert frozen.replaces == "F2026-000009"
    assert frozen.columns == LINE_COLUMNS
    first = dict(zip(LINE_COLUMNS, frozen.lines[0], strict=True))
    assert first["label"] == 'Ménage « à domicile » "net"'
    assert first["starts_at"] == "2026-10-01 08:00:00"
    assert first["vat_rate"] == "0.1000"
    assert first["covered"] is True
    assert first["worker_id"] == "W1"
    assert first["care_plan_id"] is None
    assert frozen.model_dump_json() == event.payload  # the text made by DuckDB is the canonical one


def test_the_same_key_creates_once_and_gives_the_first_result(act: Act, warehouse: FakeWarehouse):
    warehouse.draft("C1", ["52.00"])
    first = act("invoices.create", key="k1", period="2026-10")
    again = act("invoices.create", key="k1", period="2026-10")
    assert again.as_dict() == first.as_dict()
    with pytest.raises(Refused, match="déjà servi"):
        act("invoices.create", key="k1", period="2026-09")


def test_simulating_keeps_nothing(act: Act, warehouse: FakeWarehouse, journal: Journal):
    warehouse.draft("C1", ["52.00"])
    result = act("invoices.create", period="2026-10", simulate=True)
    assert result.simulated and len(result.done) == 1
    assert journal.last_seq() == 0


def test_a_draft_created_since_the_last_run_is_not_created_again(act: Act, warehouse: FakeWarehouse):
    warehouse.draft("C1", ["52.00"])
    invoice_id = act("invoices.create", period="2026-10").done[0]["invoice_id"]
    again = act("invoices.create", period="2026-10")
    assert again.done == []
    assert again.failed[0]["reason"] == f"déjà créée : brouillon {invoice_id}"


def test_a_claimed_intervention_refuses_its_draft_only(act: Act, warehouse: FakeWarehouse):
    warehouse.draft("C1", ["52.00"])
    number = act(
        "invoices.validate", invoice_ids=[act("invoices.create", period="2026-10").done[0]["invoice_id"]]
    )
    warehouse.draft("C1", ["52.00"], suffix="adj1", kind="adj")
    warehouse.draft("C2", ["26.00"])
    result = act("invoices.create", draft_ids=["D-C1-202610-adj1", "D-C2-202610-main"])
    assert [one["id"] for one in result.done] == ["D-C2-202610-main"]
    assert result.failed == [
        {
            "id": "D-C1-202610-adj1",
            "reason": f"déjà facturé sur la facture {number.done[0]['invoice_number']}",
        }
    ]


def test_a_blocking_control_keeps_its_draft_back_with_its_message(act: Act, warehouse: FakeWarehouse):
    draft_id = warehouse.draft("C1", ["52.00"])
    warehouse.draft("C2", ["26.00"])
    warehouse.put(
        "invoice_controls",
        control_id="1",
        subject_type="draft",
        draft_id=draft_id,
        severity="bloquant",
        code="TARIF_MANQUANT",
        message="Aucun contrat pour MENAGE.",
    )
    warehouse.put(
        "invoice_controls",
        control_id="2",
        subject_type="draft",
        draft_id="D-C2-202610-main",
        severity="alerte",
        code="REMISE",
        message="Remise.",
    )
    result = act("invoices.create", period="2026-10")
    assert [one["id"] for one in result.done] == ["D-C2-202610-main"]
    assert result.skipped == [{"id": draft_id, "reason": "Aucun contrat pour MENAGE."}]


@pytest.mark.parametrize(
    ("amounts", "kind", "change", "reason"),
    [
        (["10.00", "-25.00"], "main", None, "négatif"),
        (["10.00"], "main", "update marts.draft_invoices set total_incl_vat = 10.01", "somme des lignes"),
        (["10.00"], "main", "update marts.draft_invoice_lines set client_share = 9.99", "somme des lignes"),
        (["10.00"], "main", "delete from marts.draft_invoice_lines", "rien à facturer"),
        (
            ["10.00"],
            "main",
            "update marts.draft_invoice_lines set service_kind = 'autre'",
            "contenu incorrect",
        ),
    ],
)
def test_a_wrong_draft_is_refused_and_the_others_go_on(
    act: Act,
    warehouse: FakeWarehouse,
    journal: Journal,
    amounts: list[str],
    kind: str,
    change: str,
    reason: str,
):
    draft_id = warehouse.draft("C1", amounts, kind=kind)
    if change:
        warehouse.connection.execute(change)
    warehouse.draft("C2", ["26.00"])
    result = act("invoices.create", period="2026-10")
    assert [one["id"] for one in result.done] == ["D-C2-202610-main"]
    assert [one["id"] for one in result.failed] == [draft_id]
    assert reason in result.failed[0]["reason"]
    assert journal.last_seq() == 1


def test_nothing_to_create_says_so(act: Act):
    result = act("invoices.create", period="2026-10")
    assert (result.done, result.message) == ([], "Aucune facture simulée à créer.")
    assert act("invoices.create", draft_ids=["D-X"]).failed[0]["id"] == "D-X"
    with pytest.raises(Refused, match="Indiquez un mois"):
        act("invoices.create")


def test_only_the_clients_asked_for(act: Act, warehouse: FakeWarehouse):
    warehouse.draft("C1", ["52.00"])
    warehouse.draft("C2", ["52.00"])
    result = act("invoices.create", period="2026-10", client_ids=["C2", "C9"])
    assert [one["client_id"] for one in result.done] == ["C2"]
    assert result.skipped == [{"id": "C9", "reason": "rien à facturer ce mois-ci pour ce client"}]


def test_a_blocked_draft_without_a_line_is_reported_with_its_reason(act: Act, warehouse: FakeWarehouse):
    draft_id = warehouse.draft("C1", [])
    warehouse.connection.execute("update marts.draft_invoices set blocking_controls = 1")
    warehouse.put(
        "invoice_controls", control_id="1", subject_type="draft", draft_id=draft_id, severity="bloquant",
        code="TARIF_MANQUANT", message="Aucun contrat pour MENAGE.",
    )  # fmt: skip
    result = act("invoices.create", period="2026-10")
    assert result.skipped == [{"id": draft_id, "reason": "Aucun contrat pour MENAGE."}]


def test_numbers_follow_each_other_per_series(act: Act, warehouse: FakeWarehouse, journal: Journal):
    warehouse.draft("C1", ["52.00"])
    warehouse.draft("C2", ["-20.00"], kind="adj", suffix="adj1")
    warehouse.draft("C3", ["52.00"])
    act("invoices.create", period="2026-10")
    result = act("invoices.validate", period="2026-10")
    assert [one["invoice_number"] for one in result.done] == ["F2026-000001", "A2026-000001", "F2026-000002"]
    said = json.loads(list(journal.events(kinds=["billing.invoice_validated"]))[1].payload)
    assert (said["document"], said["series"], said["rank"]) == ("credit_note", "credit_note", 1)
    assert (said["issued_on"], said["due_on"]) == ("2026-11-03", "2026-12-03")


def test_validating_twice_skips_and_a_refused_one_leaves_no_gap(act: Act, warehouse: FakeWarehouse):
    ids = []
    for client in ("C1", "C2", "C3"):
        ids.append(
            act("invoices.create", draft_ids=[warehouse.draft(client, ["52.00"])]).done[0]["invoice_id"]
        )
    act("invoices.delete", invoice_ids=[ids[1]])
    act("invoices.validate", invoice_ids=[ids[0]])
    result = act("invoices.validate", invoice_ids=[*ids, "I-rien", ids[2]])
    assert [one["invoice_number"] for one in result.done] == ["F2026-000002"]
    assert result.skipped[0]["reason"] == "déjà validée sous le numéro F2026-000001"
    assert {one["id"] for one in result.failed} == {ids[1], "I-rien"}


def test_a_new_year_starts_again_at_one(act: Act, warehouse: FakeWarehouse, clocked):
    ids = [
        act("invoices.create", draft_ids=[warehouse.draft(c, ["52.00"])]).done[0]["invoice_id"]
        for c in ("C1", "C2")
    ]
    act("invoices.validate", invoice_ids=[ids[0]])
    clocked.as_of = "2027-01-01T00:30:00"  # local time: still 2026 in UTC
    assert act("invoices.validate", invoice_ids=[ids[1]]).done[0]["invoice_number"] == "F2027-000001"


def test_deleting_gives_back_what_was_claimed(act: Act, warehouse: FakeWarehouse, journal: Journal):
    draft_id = warehouse.draft("C1", ["52.00", "26.00"])
    invoice_id = act("invoices.create", period="2026-10").done[0]["invoice_id"]
    assert act("invoices.delete", period="2026-10").done[0]["id"] == invoice_id
    with journal.reader.connect() as connection:
        assert connection.exec_driver_sql("select count(*) from claims").scalar_one() == 0
    again = act("invoices.create", period="2026-10")
    assert [one["id"] for one in again.done] == [draft_id]
    assert again.done[0]["invoice_id"] != invoice_id
    assert act("invoices.delete", invoice_ids=[invoice_id]).skipped[0]["reason"] == "déjà supprimée"


def test_a_validated_invoice_is_not_deleted(act: Act, issued):
    number = issued("C1", ["52.00"])
    result = act("invoices.delete", invoice_numbers=[number, "F1999-000001"])
    assert "faites un avoir" in result.failed[1]["reason"]
    assert result.failed[0] == {
        "id": "F1999-000001",
        "reason": "aucune facture ne porte le numéro F1999-000001",
    }


def test_interventions_are_validated_once(act: Act, warehouse: FakeWarehouse, journal: Journal):
    for name, status in (("A", "realisee"), ("B", "validee"), ("C", "annulee"), ("D", "realisee")):
        warehouse.put("interventions", intervention_id=name, status=status, period="2026-10")
    result = act("interventions.validate", intervention_ids=["A", "B", "C", "X"])
    assert result.done == [{"id": "A"}]
    assert result.skipped == [{"id": "B", "reason": "déjà validée"}]
    assert [one["id"] for one in result.failed] == ["C", "X"]
    again = act("interventions.validate", period="2026-10")
    assert (again.done, again.skipped) == ([{"id": "D"}], [{"id": "A", "reason": "déjà validée"}])
    warehouse.seq = journal.last_seq()  # a run has seen it; a file made it « réalisée » again since
    assert [one["id"] for one in act("interventions.validate", period="2026-10").done] == ["A", "D"]


def test_an_action_without_any_run_says_what_to_do(act: Act, warehouse: FakeWarehouse):
    warehouse.run_id = None
    for name in ("invoices.create", "interventions.validate"):
        with pytest.raises(Refused, match="guichet run"):
            act(name, period="2026-10")
