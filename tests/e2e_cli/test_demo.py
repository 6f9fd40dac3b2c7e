"""`guichet demo` from its files and script: every control, state and error that data/demo/README.md promises."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.e2e_cli.agency import Agency, euros

CONTROLS = {
    "TARIF_MANQUANT", "TOTAL_NEGATIF", "INTERVENTION_NON_VALIDEE", "CONTRATS_MULTIPLES", "LIGNE_NEGATIVE", "REMISE",
    "AJUSTEMENT_MOIS_ANTERIEUR", "EMAIL_MANQUANT", "ADRESSE_MANQUANTE", "TOTAL_NUL", "PLAN_AIDE_EXPIRE",
    "PLAN_RETROACTIF", "PLAFOND_ATTEINT", "ECART_PLANNING", "HP_SANS_IDENTIFIANT", "HP_COMPTE_INACTIF",
    "HP_MOYEN_PAIEMENT", "HP_NAISSANCE", "HP_AVANT_ACTIVATION", "HP_LIGNE_NEGATIVE", "HP_REMISE", "HP_AVOIR",
    "HP_AJUSTEMENT", "HP_AJUSTEMENT_A_VENTILER", "HP_MOIS_UNIQUE", "HP_FRAIS", "HP_NATURE", "HP_FINANCE",
    "HP_STATUT",
}  # fmt: skip
STATES = {
    "Payée", "Validée", "En attente de validation", "Intégrée", "Refusée", "Clôturée", "En refus de prélèvement",
    "Annulée par le particulier", "En erreur",
}  # fmt: skip
ERRORS = {
    "ERR_PARTICULIER_INCONNU", "ERR_CMPT_BLOQUE", "ERR_MANDAT_ECHU", "ERR_LIEN_PARTICULIER_PRESTATAIRE",
    "ERR_FACTURE_DOUBLON", "ERREUR_TECHNIQUE", "HP_NAISSANCE", "HP_AVANT_ACTIVATION", "HP_COMPTE_INACTIF",
    "HP_MOYEN_PAIEMENT", "HP_FRAIS", "HP_NATURE", "HP_FINANCE",
}  # fmt: skip
GAPS = {
    "MANQUANTE", "NON_PLANIFIEE", "ECART_DUREE", "CHEVAUCHEMENT_INTERVENANT", "CHEVAUCHEMENT_CLIENT",
}  # fmt: skip


@pytest.mark.slow
def test_the_demo_shows_all_that_it_promises(tmp_path: Path) -> None:
    agency = Agency(tmp_path / "demo", as_of="")  # the demo keeps its own clock
    agency.guichet("demo", "--no-serve", "--home", str(agency.home))
    agency.as_of = "2026-11-21T20:00"
    assert {row["code"] for row in agency.rows("invoice_controls")} >= CONTROLS
    assert {row["status_label"] for row in agency.rows("home_plus_requests")} >= STATES
    assert {row["error_code"] for row in agency.rows("home_plus_errors")} >= ERRORS
    assert {row["code"] for row in agency.rows("planning_gaps")} >= GAPS
    assert len(agency.rows("rejected_rows")) == 11
    assert "D-C034-202610-main" in {row["draft_id"] for row in agency.rows("draft_invoices")}
    october = agency.rows("invoices", where="period = '2026-10' and kind = 'main'", order="invoice_number")
    assert [row["invoice_number"] for row in october] == [f"F2026-{n:06d}" for n in range(1, 61)]
    assert [row["client_id"] for row in october] == [f"C{n:03d}" for n in range(1, 61)]
    # the cheques of the files are worked out by the generator: the invoice must be settled to the cent
    states = {row["client_id"]: row for row in october}
    assert states["C055"]["client_payment_state"] == "regle"
    assert euros(states["C058"], "client_due") == (Decimal("0.00"),)
    assert states["C056"]["client_payment_state"] == "partiel"
    payments = {row["payment_id"]: row for row in agency.rows("payments")}
    assert euros(payments["RG11003"], "unallocated") == (Decimal("10.00"),)
    agency.verify()
