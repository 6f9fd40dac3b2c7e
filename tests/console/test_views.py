"""Every screen, run as Streamlit runs it, for every profile: it shows what its mart holds, or refuses."""

from pathlib import Path

import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from console import auth
from console.journal import schema
from console.web import state
from console.widgets import jobs, pages, session
from tests.console.conftest import token_of

MAIN = Path(pages.__file__).parent.parent / "main.py"
SCREENS = {screen.title: screen for screen in pages.SCREENS}


@pytest.fixture
def look(console, monkeypatch):
    """Opens a screen with a real session of that profile."""

    def open_as(role: str, title: str = "Accueil", **query: str) -> AppTest:
        token = token_of(role)
        monkeypatch.setattr(session, "token", lambda: token)
        test = AppTest.from_file(str(MAIN), default_timeout=20)
        for name, value in query.items():
            test.query_params[name] = value
        test.run()
        if title != "Accueil":
            test.switch_page(SCREENS[title].script).run()
        return test

    return open_as


def _words(test: AppTest) -> str:
    parts = [*test.markdown, *test.caption, *test.error, *test.warning, *test.info]
    return "\n".join(str(part.value) for part in parts)


@pytest.mark.parametrize("title", list(SCREENS))
def test_a_screen_shows_without_an_error(look, title):
    test = look("admin", title)
    assert not test.exception, test.exception[0].message
    assert "n'a pas pu s'afficher" not in _words(test)
    assert any(str(part.value).startswith("## ") for part in test.markdown)


@pytest.mark.parametrize("role", ["analyste", "comptable", "lecture"])
@pytest.mark.parametrize(
    "title", ["Toutes les factures", "Erreurs HOME+", "Brouillons et contrôles", "Imports"]
)
def test_readers_see_the_queues(look, role, title):
    test = look(role, title)
    assert not test.exception and "Accès refusé" not in _words(test)


def _labels(test: AppTest) -> set[str]:
    return {button.label for button in test.button}


def test_only_those_who_act_have_the_buttons(look):
    assert "Envoyer" in _labels(look("analyste", "Toutes les factures"))
    for role in ("comptable", "lecture"):
        assert "Envoyer" not in _labels(look(role, "Toutes les factures"))


@pytest.mark.parametrize(
    ("role", "title"),
    [
        ("lecture", "Exports"),
        ("lecture", "Journal"),
        ("comptable", "Utilisateurs"),
        ("analyste", "Utilisateurs"),
    ],
)
def test_a_screen_asks_for_the_profile_by_itself(console, monkeypatch, role, title):
    """A kept address, or a page run directly, opens nothing that the menu would not show."""
    token = token_of(role)
    monkeypatch.setattr(session, "token", lambda: token)
    test = AppTest.from_file(str(MAIN.parent / SCREENS[title].script), default_timeout=20).run()
    assert [error.value for error in test.error] == ["Votre profil ne donne pas accès à cet écran."]
    assert not test.markdown


def test_a_client_of_the_agency_sees_no_screen_of_the_office(look):
    test = look("client")
    assert not test.dataframe and "n'ouvre aucun écran" in _words(test)


def test_a_session_that_ends_takes_the_screen_with_it(look):
    test = look("analyste", "Toutes les factures")
    assert test.dataframe
    auth.revoke(state.journal().engine, session.token())
    test.run()
    assert not test.dataframe and "Votre session a pris fin" in _words(test)


def test_a_disabled_account_loses_the_screen_at_the_next_click(look):
    test = look("comptable", "Toutes les factures")
    auth.set_active(state.journal().engine, "comptable", False)
    try:
        test.run()
        assert not test.dataframe and "Votre session a pris fin" in _words(test)
    finally:
        auth.set_active(state.journal().engine, "comptable", True)


def test_what_another_user_left_in_the_tab_is_dropped(look, monkeypatch):
    test = look("analyste", "Toutes les factures")
    test.session_state["factures:selection"] = {"I0001": True}
    token = token_of("lecture")
    monkeypatch.setattr(session, "token", lambda: token)
    test.run()
    assert not test.exception
    assert test.session_state["factures:selection"] == {}


def test_a_page_of_rows_is_all_that_leaves_the_server(look):
    table = look("analyste", "Toutes les factures").dataframe[0].value
    assert len(table) == 50
    assert table["total_incl_vat"].iloc[0].endswith("\u00a0€") and "," in table["total_incl_vat"].iloc[0]


def test_totals_are_those_of_the_whole_queue(look):
    words = _words(look("analyste", "Erreurs HOME+"))
    assert "**38** demandes" in words and "**11\u00a0679,11\u00a0€** en attente" in words


def test_a_link_reproduces_the_view(look):
    test = look("analyste")
    test.query_params["hp-erreurs-reason"] = "Service indisponible"
    test.query_params["hp-erreurs-tri"] = "-amount"
    test.switch_page(SCREENS["Erreurs HOME+"].script).run()
    table = test.dataframe[0].value
    assert set(table["reason"]) == {"Service indisponible"} and 0 < len(table) < 38
    amounts = [
        float(text.replace("\u00a0", "").replace("€", "").replace(",", ".")) for text in table["amount"]
    ]
    assert amounts == sorted(amounts, reverse=True)


def test_filters_that_keep_nothing_say_so(look):
    test = look("analyste", "Toutes les factures")
    test.text_input(key="factures-texte").set_value("personne de ce nom").run()
    assert "Aucune ligne ne répond à ces filtres" in _words(test) and not test.dataframe
    next(button for button in test.button if button.label == "Effacer les filtres").click().run()
    assert test.dataframe


def test_each_line_says_how_it_came_about(look):
    words = _words(look("analyste", "Simulation"))
    assert "plan PLAN" in words and "24,50" in words and "80" in words and "plafond mensuel" in words
    assert "tarif du contrat, sans prise en charge" in words and "2\u00a0h\u00a030" in words.replace("\\", "")


def test_numbers_of_the_front_page_lead_to_their_queue(look):
    test = look("analyste")
    words = _words(test)
    assert "**70**" in words and "16\u00a0713,91\u00a0€" in words and "Novembre 2026" in words


def test_an_accountant_who_decided_may_ask_for_new_figures(console, monkeypatch):
    token = token_of("comptable")
    monkeypatch.setattr(session, "token", lambda: token)

    def script():
        import streamlit as st

        from console.widgets import doing

        st.text(doing._refresh())

    test = AppTest.from_function(script).run()
    assert not test.exception and not test.error
    job = jobs.read(test.text[0].value)
    assert job["kind"] == "warehouse.refresh" and job["actor"] == "comptable" and job["status"] == "queued"


def _failed_job() -> str:
    journal = state.journal()
    with journal.begin("essai", state.settings().now()) as tx:
        job = tx.enqueue("mail.invoice", {"number": "F1"})
        tx.commit()
    with journal.engine.begin() as db:
        db.execute(update(schema.jobs).where(schema.jobs.c.job_id == job).values(status="failed", attempts=6))
    return job


def test_only_a_failed_task_is_put_back(console):
    failed, done = _failed_job(), _failed_job()
    with state.journal().engine.begin() as db:
        db.execute(update(schema.jobs).where(schema.jobs.c.job_id == done).values(status="done"))
    assert jobs.requeue([failed, done, "inconnue"]) == 1
    assert jobs.read(failed)["status"] == "queued" and jobs.read(failed)["attempts"] == 0
    assert jobs.read(done)["status"] == "done"
