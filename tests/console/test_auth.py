"""Accounts, sessions and attempts: who comes in, and who no longer does."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from console import auth
from console.journal.schema import sessions, users
from console.journal.store import Journal

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
PASSWORD = "correct cheval pile agrafe"


@pytest.fixture
def engine(journal: Journal):
    auth.create_user(journal.engine, "c.moreau", PASSWORD, "analyste", name="Claire Moreau", now=NOW)
    return journal.engine


def test_the_password_opens_and_nothing_else_does(engine):
    assert auth.check_password(engine, "c.moreau", PASSWORD).name == "Claire Moreau"
    assert auth.check_password(engine, "c.moreau", PASSWORD + "x") is None
    assert auth.check_password(engine, "inconnu", PASSWORD) is None


def test_passwords_are_kept_as_argon2id(engine):
    with engine.connect() as db:
        assert db.execute(select(users.c.password_hash)).scalar_one().startswith("$argon2id$")


def test_an_unknown_name_costs_as_much_as_a_wrong_password(engine, monkeypatch):
    verified = []
    real = auth._hasher

    class Counting:
        def verify(self, hashed, password):
            verified.append(hashed)
            return real.verify(hashed, password)

        hash = staticmethod(real.hash)

    monkeypatch.setattr(auth, "_hasher", Counting())
    auth.check_password(engine, "inconnu", "x")
    auth.check_password(engine, "c.moreau", "x")
    assert len(verified) == 2 and all(one.startswith("$argon2id$") for one in verified)


def test_a_short_password_or_an_unknown_role_is_refused(engine):
    with pytest.raises(auth.AuthError, match="12 caractères"):
        auth.create_user(engine, "court", "motdepasse", "lecture")
    with pytest.raises(auth.AuthError, match="Profil inconnu"):
        auth.create_user(engine, "autre", PASSWORD, "patron")
    with pytest.raises(auth.AuthError, match="existe déjà"):
        auth.create_user(engine, "c.moreau", PASSWORD, "lecture")
    with pytest.raises(auth.AuthError, match="désigner son client"):
        auth.create_user(engine, "client", PASSWORD, "client")


def test_a_session_lives_until_its_hour_and_is_stored_hashed(engine):
    token = auth.open_session(engine, "c.moreau", 12, now=NOW)
    assert auth.session_user(engine, token, now=NOW + timedelta(hours=11, minutes=59)).role == "analyste"
    assert auth.session_user(engine, token, now=NOW + timedelta(hours=12)) is None
    with engine.connect() as db:
        assert token not in db.execute(select(sessions.c.token_hash)).scalars().all()


def test_a_revoked_session_a_disabled_account_and_a_new_password_all_sign_out(engine):
    def opened() -> str:
        token = auth.open_session(engine, "c.moreau", 12, now=NOW)
        assert auth.session_user(engine, token, now=NOW)
        return token

    token = opened()
    auth.revoke(engine, token, now=NOW)
    assert auth.session_user(engine, token, now=NOW) is None
    token = opened()
    auth.set_password(engine, "c.moreau", PASSWORD + " 2", now=NOW)
    assert auth.session_user(engine, token, now=NOW) is None
    token = opened()
    auth.set_active(engine, "c.moreau", False, now=NOW)
    assert auth.session_user(engine, token, now=NOW) is None
    assert auth.check_password(engine, "c.moreau", PASSWORD + " 2") is None
    auth.set_active(engine, "c.moreau", True, now=NOW)
    assert auth.session_user(engine, token, now=NOW) is None  # closed sessions stay closed


def test_a_new_role_holds_for_sessions_already_open(engine):
    token = auth.open_session(engine, "c.moreau", 12, now=NOW)
    auth.set_role(engine, "c.moreau", "lecture")
    assert auth.session_user(engine, token, now=NOW).role == "lecture"


def _fail(engine, name, origin, times, start=NOW):
    return [
        auth.begin_attempt(engine, name, origin, now=start + timedelta(seconds=n))[1] for n in range(times)
    ]


def test_five_failures_make_that_person_wait_there_and_nobody_else(engine):
    assert _fail(engine, "c.moreau", "10.0.0.1", 6) == [0, 0, 0, 0, 0, 895]
    assert auth.begin_attempt(engine, "c.moreau", "10.0.0.2", now=NOW)[1] == 0
    assert auth.begin_attempt(engine, "autre", "10.0.0.1", now=NOW)[1] == 0
    assert (
        auth.begin_attempt(engine, "c.moreau", "10.0.0.1", now=NOW + timedelta(minutes=15, seconds=1))[1] == 0
    )


def test_a_success_forgets_the_failures_before_it(engine):
    _fail(engine, "c.moreau", "10.0.0.1", 4)
    attempt, wait = auth.begin_attempt(engine, "c.moreau", "10.0.0.1", now=NOW + timedelta(seconds=10))
    assert wait == 0
    auth.attempt_succeeded(engine, attempt)
    assert _fail(engine, "c.moreau", "10.0.0.1", 5, NOW + timedelta(seconds=20)) == [0, 0, 0, 0, 0]


def test_many_names_from_one_origin_wait_too(engine):
    waits = [
        auth.begin_attempt(engine, f"nom{n}", "10.0.0.9", now=NOW)[1] for n in range(auth.LIMIT_ORIGIN + 1)
    ]
    assert waits[:-1] == [0] * auth.LIMIT_ORIGIN and waits[-1] > 0


def test_admin_is_made_once_on_an_empty_home(journal: Journal):
    password = auth.ensure_admin(journal.engine)
    assert password and auth.check_password(journal.engine, "admin", password).role == "admin"
    assert auth.ensure_admin(journal.engine) is None
