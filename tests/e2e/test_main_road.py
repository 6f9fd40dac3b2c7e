"""The main road through the screens, on a real agency: validate, create, check, send, ask Home+, see it paid; and a
request that failed, corrected and sent again. Real worker, real payer over HTTP, no shortcut."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from console import auth
from console.journal.verify import verify
from console.sandbox.server import SandboxServer
from tests.dbt.agency import Agency
from tests.e2e.conftest import PASSWORD, _free_port, _wait
from tests.e2e.test_console import said, table

SERVER = """
import sys
from console import app
from console.settings import load_settings
app.serve(load_settings(home=sys.argv[1], port=int(sys.argv[2])), worker=True)
"""


@dataclass
class Road:
    address: str
    agency: Agency
    payer: SandboxServer


@pytest.fixture
def road(tmp_path: Path, chromium) -> Iterator[Road]:
    agency = Agency(tmp_path / "home", as_of="2026-11-21T10:00", home_plus_client_id="essai")
    for client, birth in (("Garnier", "1941-03-02"), ("Benali", "1950-01-01")):
        agency.client(
            client, civility="Mme", payment_method="virement", home_plus_id=f"H-{client}", birth_date=birth,
            home_plus_activated_on="2025-01-01", home_plus_status="OK",
        )  # fmt: skip
        agency.visit(f"V-{client}", client, "2026-10-06 09:00", "2026-10-06 11:00", status="realisee")
    agency.run()
    engine = agency.journal.engine
    auth.create_user(engine, "analyste", PASSWORD, "analyste", name="Claire Moreau")
    clients = [
        {
            "idClient": "H-Garnier",
            "dateNaissance": "1941-03-02",
            "dateActivation": "2025-01-01",
            "statut": "OK",
        },
        # the payer knows another birth date: the first request is refused
        {
            "idClient": "H-Benali",
            "dateNaissance": "1950-01-02",
            "dateActivation": "2025-01-01",
            "statut": "OK",
        },
    ]
    with SandboxServer(tmp_path / "payer.db", clients={"clients": clients}) as payer:
        port = _free_port()
        environment = {
            **os.environ, "GUICHET_AS_OF": "2026-11-21T10:00", "GUICHET_HOME_PLUS_URL": payer.url,
            "GUICHET_HOME_PLUS_CLIENT_ID": "essai", "GUICHET_HOME_PLUS_CLIENT_SECRET": "essai",
        }  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(tmp_path / "home"), str(port)], env=environment
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(address, process)
            yield Road(address, agency, payer)
        finally:
            process.terminate()
            process.wait(20)
            agency.close()


def wait_for(condition, seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.3)


def act_on_all(page, button: str) -> None:
    """Selects all that is listed, presses a bulk button, confirms, and waits until the screen shows what was
    done."""
    table(page)
    page.get_by_role("button", name="Tout sélectionner").click()
    said(page, "sélectionnée")
    page.wait_for_timeout(800)
    bulk = page.locator(".stMain").get_by_role("button").filter(has_text=re.compile(re.escape(button) + "$"))
    bulk.first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Confirmer").click()
    dialog.wait_for(state="hidden")
    page.get_by_role("button", name="Fermer").wait_for()
    said(page, "· à jour")


@pytest.mark.browser
@pytest.mark.slow
def test_a_month_goes_from_done_to_paid_through_the_screens(road: Road, chromium) -> None:
    context = chromium.new_context(locale="fr-FR", viewport={"width": 1440, "height": 900})
    token = auth.open_session(road.agency.journal.engine, "analyste", 1)
    context.add_cookies([{"name": "guichet_session", "value": token, "url": road.address}])
    page = context.new_page()
    page.set_default_timeout(30_000)

    page.goto(f"{road.address}/interventions-a-valider")
    act_on_all(page, "Valider les interventions")
    page.goto(f"{road.address}/simulation")
    said(page, "2 factures simulées")
    act_on_all(page, "Créer les factures")
    page.goto(f"{road.address}/brouillons")
    said(page, "2 brouillons")
    act_on_all(page, "Valider et envoyer")
    sent = "SELECT count(*) AS n FROM marts.invoices WHERE status = 'envoyee'"
    wait_for(lambda: road.agency.rows(sent)[0]["n"] == 2)

    page.goto(f"{road.address}/home-plus-factures")
    act_on_all(page, "Demande de paiement HOME+")

    def statuses() -> dict[str, str]:
        found = road.agency.rows("SELECT client_id, status FROM marts.home_plus_requests")
        return {row["client_id"]: row["status"] for row in found}

    wait_for(lambda: statuses() == {"Garnier": "integree", "Benali": "en_erreur"})

    page.goto(f"{road.address}/home-plus-erreurs")
    said(page, "1 demande")
    page.get_by_role("button", name="Corriger la fiche client…").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("spinbutton", name=re.compile("day, Date de naissance")).click()
    page.keyboard.type("02011950")
    page.keyboard.press("Tab")
    page.wait_for_timeout(1_000)
    dialog.get_by_role("button", name="Confirmer").click()
    dialog.wait_for(state="hidden")
    page.get_by_role("button", name="Fermer").wait_for()
    said(page, "· à jour")
    page.get_by_role("button", name="Fermer").click()
    act_on_all(page, "Renvoyer la demande")
    wait_for(lambda: statuses() == {"Garnier": "integree", "Benali": "integree"})
    said(page, "0 demande")

    road.payer.store.advance(24 * 30)  # the payer's month: 48 h, then the debit, then the transfer
    page.goto(f"{road.address}/home-plus-demandes")
    act_on_all(page, "Relancer la synchronisation")
    wait_for(lambda: statuses() == {"Garnier": "payee", "Benali": "payee"})
    paid = road.agency.rows(
        "SELECT invoice_number, client_due, client_payment_state FROM marts.invoices ORDER BY 1"
    )
    assert len(road.payer.requests()) == 2 and len(paid) == 2
    assert all(check.ok for check in verify(road.agency.settings))
    context.close()
