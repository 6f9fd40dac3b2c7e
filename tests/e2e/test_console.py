"""The console as people use it: a real browser, in French, at two widths, and with a keyboard alone."""

import re
import time

import pytest

from console import auth
from tests.console import published
from tests.e2e.conftest import PASSWORD

ROW, HEAD = 32, 16


def table(page):
    """The grid once drawn, and its place on the page."""
    page.wait_for_selector("[data-testid=stDataFrame] canvas")
    page.wait_for_timeout(700)
    return page.locator("[data-testid=stDataFrame]").first.bounding_box()


def tick(page, row: int) -> None:
    box = table(page)
    page.mouse.click(box["x"] + 15, box["y"] + HEAD + ROW * (row + 1))
    page.wait_for_timeout(600)


def open_cell(page, row: int) -> None:
    box = table(page)
    page.mouse.click(box["x"] + 90, box["y"] + HEAD + ROW * (row + 1))


def said(page, text: str) -> None:
    page.get_by_text(text, exact=False).first.wait_for()


def test_signing_in_leads_to_the_page_that_was_asked_for_and_out_again(visit, served):
    page = visit(None, "factures?factures-page=2")
    assert "/connexion" in page.url and page.title() == "Connexion · Guichet"
    page.fill("#identifiant", "analyste")
    page.fill("#mot_de_passe", "faux")
    page.keyboard.press("Enter")
    said(page, "Identifiant ou mot de passe incorrect.")
    page.fill("#mot_de_passe", PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Toutes les factures").wait_for()
    assert page.url.endswith("/factures?factures-page=2")
    page.get_by_role("button", name="Se déconnecter").click()
    page.wait_for_url("**/connexion")
    page.goto(served.address + "/factures")
    assert "/connexion" in page.url


@pytest.mark.parametrize("width", [1280, 1920])
@pytest.mark.parametrize(
    ("path", "title"),
    [("", "Accueil"), ("home-plus-erreurs", "Erreurs HOME+"), ("factures", "Toutes les factures"),
     ("simulation", "Simulation"), ("imports", "Imports"), ("journal", "Journal")],
)  # fmt: skip
def test_a_screen_fits_its_window(visit, width, path, title):
    page = visit("analyste", path, width)
    page.get_by_role("heading", name=title, exact=True).wait_for()
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert not page.locator("[data-testid=stException]").count()


def test_amounts_and_dates_are_french(visit):
    page = visit("analyste", "home-plus-erreurs")
    said(page, "11\u00a0679,11\u00a0€")
    said(page, "la plus ancienne")
    page.get_by_text(re.compile(r"\d{2}/\d{2}/2026 \d{2}:\d{2}")).first.wait_for()


def test_the_selection_survives_paging_and_sorting(visit):
    page = visit("analyste", "factures")
    tick(page, 0)
    tick(page, 1)
    said(page, "2 sélectionnées · 882,09")
    page.locator("[data-testid=stPagination] button").last.click()
    page.wait_for_url("**factures-page=2*")
    tick(page, 0)
    said(page, "3 sélectionnées")
    page.locator("[data-testid=stPagination] button").first.click()
    page.wait_for_timeout(1_000)
    said(page, "3 sélectionnées")
    tick(page, 0)  # the tick was drawn again: a second click takes it away
    said(page, "2 sélectionnées")


def test_a_header_sorts_on_the_server_and_the_address_keeps_it(visit):
    page = visit("analyste", "home-plus-erreurs")
    box = table(page)
    page.mouse.click(box["x"] + 290, box["y"] + HEAD)
    page.wait_for_url("**hp-erreurs-tri=amount*")
    page.wait_for_timeout(1_000)
    box = table(page)
    page.mouse.click(box["x"] + 290, box["y"] + HEAD)
    page.wait_for_url("**hp-erreurs-tri=-amount*")


def test_a_cell_opens_its_row_and_the_link_opens_it_again(visit, served):
    page = visit("analyste", "home-plus-erreurs")
    open_cell(page, 3)
    page.wait_for_url("**hp-erreurs-ouvert=*")
    number = re.search(r"ouvert=([^&]+)", page.url).group(1)
    page.get_by_role("heading", name=number).wait_for()
    again = visit("lecture", page.url.removeprefix(served.address + "/"))
    again.get_by_role("heading", name=number).wait_for()
    assert again.get_by_role("button", name="Renvoyer la demande").count() == 0  # reading is not acting


def test_filters_are_kept_in_the_address(visit):
    page = visit("analyste", "home-plus-erreurs")
    table(page)
    page.get_by_role("button", name="Réessai").click()
    page.wait_for_url("**hp-erreurs-fixable_by=*")
    said(page, "9 demandes")
    page.reload()
    said(page, "9 demandes")


def test_the_keyboard_alone_signs_in_searches_opens_and_ticks(visit):
    page = visit(None, "home-plus-erreurs")
    page.keyboard.type("analyste")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    table(page)
    search = page.get_by_placeholder("facture, client…")
    for _ in range(60):
        if search.evaluate("field => field === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.type("Perrin")
    page.keyboard.press("Enter")
    said(page, "7 demandes")
    table(page)
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "CANVAS":
            break
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
        page.wait_for_timeout(600)
    page.wait_for_url("**hp-erreurs-ouvert=*")
    page.keyboard.press("Shift+Space")
    said(page, "1 sélectionnée")


def test_an_export_comes_through_our_own_route(visit):
    page = visit("analyste", "home-plus-erreurs?hp-erreurs-fixable_by=R%C3%A9essai")
    said(page, "9 demandes")
    page.get_by_role("button", name="Exporter").click()
    address = page.get_by_role("link", name="CSV").get_attribute("href")
    assert address.startswith("/telechargement/export?")
    answer = page.request.get(re.match(r"https?://[^/]+", page.url).group() + address)
    lines = answer.body().decode("utf-8-sig").strip().splitlines()
    assert answer.status == 200 and len(lines) == 10


def test_a_revoked_session_loses_the_live_page_at_the_next_click(visit, served):
    page = visit("lecture", "factures")
    table(page)
    auth.revoke_all(served.journal.engine, "lecture")
    page.get_by_text("Envoyée", exact=True).first.click()
    page.wait_for_url("**/connexion?suite=%2Ffactures*")


def test_a_decision_is_made_once_and_seen_when_the_figures_have_it(visit, served):
    page = visit("analyste", "interventions-a-valider")
    tick(page, 0)
    tick(page, 1)
    before = served.journal.last_seq()
    page.get_by_role("button", name="Valider les interventions").first.click()
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    said(page, "à faire")
    dialog.get_by_role("button", name="Confirmer").dblclick()
    said(page, "Enregistré. Mise à jour des écrans en cours…")
    decided = served.journal.last_seq()
    assert decided == before + 2  # two rows, one decision each, however often the button was clicked
    event = list(served.journal.events(after=before))
    assert {one.actor for one in event} == {"analyste"} and len({one.stream for one in event}) == len(event)
    published.publish(served.settings.paths, f"20261121T14{int(time.time()) % 10**6:06}-00002", seq=decided)
    page.get_by_text("Mise à jour des écrans en cours…").wait_for(state="detached")
