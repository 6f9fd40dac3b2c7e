"""Who may come in: local accounts, sessions, throttled attempts (spec 90, "Access").

Passwords are argon2id hashes. A session is a random token whose SHA-256 is stored, so that reading the
database opens nothing; it expires, and it is revoked by signing out, by a new password or by disabling the
account. Times here are the real clock, never `as_of`: replaying an old day must not bring old sessions back.
Functions that only read may be given the journal's `reader`, which waits for no writer; the others its
`engine`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Engine, func, select, update
from sqlalchemy.exc import IntegrityError

from console.journal.schema import login_attempts, sessions, users

ROLES = {
    "analyste": "Analyste",
    "comptable": "Comptable",
    "admin": "Administrateur",
    "client": "Client",
    "lecture": "Lecture seule",
}
MIN_PASSWORD = 12  # characters
WINDOW = timedelta(minutes=15)
# Failures within WINDOW after which attempts wait. The last two catch one origin trying many names, and many
# origins trying one name (high, so that nobody can lock a colleague out by a few wrong passwords).
LIMIT_USER_ORIGIN, LIMIT_ORIGIN, LIMIT_USER = 5, 40, 60

_hasher = PasswordHasher()


class AuthError(Exception):
    """An account operation is refused, for a reason a user can read (one French sentence)."""


@dataclass(frozen=True)
class User:
    username: str
    name: str
    role: str
    client_id: str | None = None
    active: bool = True

    @property
    def label(self) -> str:
        return self.name or self.username


@cache
def _dummy_hash() -> str:
    """Verified when the user is unknown, so that an unknown name takes as long as a wrong password."""
    return _hasher.hash(secrets.token_urlsafe(16))


def _clock(now: datetime | None) -> datetime:
    return (now or datetime.now(UTC)).astimezone(UTC)


def _text(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds")


def _user(row: Mapping[Any, Any]) -> User:
    return User(row["username"], row["name"], row["role"], row["client_id"], bool(row["active"]))


def _checked_password(password: str) -> str:
    if len(password) < MIN_PASSWORD:
        raise AuthError(f"Le mot de passe doit compter au moins {MIN_PASSWORD} caractères.")
    return _hasher.hash(password)


def _checked_role(role: str) -> str:
    if role not in ROLES:
        raise AuthError(f"Profil inconnu : {role}. Les profils sont : {', '.join(ROLES)}.")
    return role


def list_users(engine: Engine) -> list[User]:
    with engine.connect() as db:
        return [_user(row) for row in db.execute(select(users).order_by(users.c.username)).mappings()]


def get_user(engine: Engine, username: str) -> User | None:
    with engine.connect() as db:
        row = db.execute(select(users).where(users.c.username == username)).mappings().first()
    return _user(row) if row else None


def create_user(
    engine: Engine, username: str, password: str, role: str = "analyste", *, name: str = "",
    client_id: str | None = None, now: datetime | None = None,
) -> User:  # fmt: skip
    """A new account. Raises AuthError (French) for a name taken, an unknown role, a short password."""
    username = username.strip()
    if not username or len(username) > 80 or any(c.isspace() for c in username):
        raise AuthError("L'identifiant est vide, trop long ou contient une espace.")
    if role == "client" and not client_id:
        raise AuthError("Un compte client doit désigner son client.")
    row = {
        "username": username,
        "name": name.strip(),
        "role": _checked_role(role),
        "password_hash": _checked_password(password),
        "client_id": client_id,
        "active": 1,
        "created_at": _text(_clock(now)),
    }
    try:
        with engine.begin() as db:
            db.execute(users.insert().values(row))
    except IntegrityError as error:
        raise AuthError(f"L'identifiant « {username} » existe déjà.") from error
    return _user(row)


def ensure_admin(engine: Engine) -> str | None:
    """Creates `admin` when there is no account at all; returns its generated password, else None."""
    with engine.connect() as db:
        if db.execute(select(func.count()).select_from(users)).scalar_one():
            return None
    password = secrets.token_urlsafe(15)
    try:
        create_user(engine, "admin", password, "admin", name="Administrateur")
    except AuthError:  # another console started at the same time and was first
        return None
    return password


def _change(
    engine: Engine, username: str, values: dict[str, Any], *, now: datetime | None, sign_out: bool
) -> None:
    with engine.begin() as db:
        if db.execute(update(users).where(users.c.username == username).values(values)).rowcount == 0:
            raise AuthError(f"Aucun compte « {username} ».")
        if sign_out:
            db.execute(
                update(sessions)
                .where(sessions.c.username == username, sessions.c.revoked_at.is_(None))
                .values(revoked_at=_text(_clock(now)))
            )


def set_password(engine: Engine, username: str, password: str, *, now: datetime | None = None) -> None:
    """A new password; every open session of that user ends."""
    _change(engine, username, {"password_hash": _checked_password(password)}, now=now, sign_out=True)


def set_active(engine: Engine, username: str, active: bool, *, now: datetime | None = None) -> None:
    _change(engine, username, {"active": int(active)}, now=now, sign_out=not active)


def set_role(engine: Engine, username: str, role: str, *, now: datetime | None = None) -> None:
    """The new role holds from the user's next click: sessions carry no role."""
    _change(engine, username, {"role": _checked_role(role)}, now=now, sign_out=False)


def check_password(engine: Engine, username: str, password: str) -> User | None:
    """The user when the password is right and the account is active, else None, after the same effort."""
    with engine.connect() as db:
        row = db.execute(select(users).where(users.c.username == username)).mappings().first()
    try:
        _hasher.verify(row["password_hash"] if row else _dummy_hash(), password)
    except (VerificationError, InvalidHashError):
        return None
    return _user(row) if row and row["active"] else None


def _failures(db: Any, since: str, *conditions: Any) -> list[str]:
    query = select(login_attempts.c.at).where(
        login_attempts.c.at > since, login_attempts.c.success == 0, *conditions
    )
    return list(db.execute(query.order_by(login_attempts.c.at)).scalars())


def begin_attempt(engine: Engine, username: str, origin: str, now: datetime | None = None) -> tuple[int, int]:
    """Counts one attempt before it is checked, so that parallel ones count too.

    Returns (id of the attempt, seconds to wait). When the seconds are not 0 the attempt is refused unchecked.
    """
    moment = _clock(now)
    since = _text(moment - WINDOW)
    columns = login_attempts.c
    with engine.begin() as db:
        last_success = db.execute(
            select(func.max(columns.at)).where(
                columns.username == username, columns.origin == origin, columns.success == 1
            )
        ).scalar()
        own_since = max(since, last_success or "")
        waits = [0]
        for limit, found in (
            (
                LIMIT_USER_ORIGIN,
                _failures(db, own_since, columns.username == username, columns.origin == origin),
            ),
            (LIMIT_ORIGIN, _failures(db, since, columns.origin == origin)),
            (LIMIT_USER, _failures(db, since, columns.username == username)),
        ):
            if len(found) >= limit:
                opens = datetime.fromisoformat(found[-limit]).replace(tzinfo=UTC) + WINDOW
                waits.append(max(1, round((opens - moment).total_seconds())))
        if wait := max(waits):
            return 0, wait
        inserted = db.execute(
            login_attempts.insert().values(
                username=username[:200], origin=origin, at=_text(moment), success=0
            )
        )
        key = inserted.inserted_primary_key
        return (int(key[0]) if key else 0), 0


def attempt_succeeded(engine: Engine, attempt: int) -> None:
    with engine.begin() as db:
        db.execute(update(login_attempts).where(login_attempts.c.id == attempt).values(success=1))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def open_session(engine: Engine, username: str, hours: float, now: datetime | None = None) -> str:
    """A new session; the token returned goes into the cookie and nowhere else."""
    token = secrets.token_urlsafe(32)
    moment = _clock(now)
    with engine.begin() as db:
        db.execute(sessions.delete().where(sessions.c.expires_at < _text(moment - timedelta(days=30))))
        db.execute(
            sessions.insert().values(
                token_hash=_digest(token),
                username=username,
                created_at=_text(moment),
                expires_at=_text(moment + timedelta(hours=hours)),
            )
        )
    return token


def session_user(engine: Engine, token: str | None, now: datetime | None = None) -> User | None:
    """The user of a live session, as the account is now; None when expired, revoked or disabled."""
    if not token or len(token) > 200:
        return None
    query = (
        select(users)
        .join(sessions, sessions.c.username == users.c.username)
        .where(
            sessions.c.token_hash == _digest(token),
            sessions.c.revoked_at.is_(None),
            sessions.c.expires_at > _text(_clock(now)),
            users.c.active == 1,
        )
    )
    with engine.connect() as db:
        row = db.execute(query).mappings().first()
    return _user(row) if row else None


def revoke(engine: Engine, token: str, now: datetime | None = None) -> None:
    """Ends one session."""
    with engine.begin() as db:
        db.execute(
            update(sessions)
            .where(sessions.c.token_hash == _digest(token), sessions.c.revoked_at.is_(None))
            .values(revoked_at=_text(_clock(now)))
        )


def revoke_all(engine: Engine, username: str, now: datetime | None = None) -> None:
    """Ends every session of a user."""
    _change(engine, username, {"username": username}, now=now, sign_out=True)
