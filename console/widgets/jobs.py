"""Jobs of the outbox as a screen sees them: one that is waited for, and those that failed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import streamlit as st
from sqlalchemy import func, select, update

from console.journal.schema import jobs
from console.journal.store import iso
from console.web import state
from console.widgets import session

KINDS = {
    "home_plus.request": "Envoi de demandes Home+",
    "home_plus.poll": "Lecture des états Home+",
    "home_plus.poll_all": "Lecture de tous les états Home+",
    "documents.invoices": "Fabrication des PDF",
    "documents.print_batch": "Lot d'impression",
    "mail.invoice": "Envoi d'une facture par e-mail",
    "warehouse.refresh": "Mise à jour des données",
}
STATES = {
    "queued": ("En attente", "gray"), "running": ("En cours", "blue"), "done": ("Terminée", "green"),
    "failed": ("En échec", "red"), "cancelled": ("Annulée", "gray"),
}  # fmt: skip


def read(job_id: str) -> dict[str, Any] | None:
    with state.journal().reader.connect() as db:
        row = db.execute(select(jobs).where(jobs.c.job_id == job_id)).mappings().first()
    return dict(row) if row else None


def counts() -> dict[str, int]:
    with state.journal().reader.connect() as db:
        return dict(db.execute(select(jobs.c.status, func.count()).group_by(jobs.c.status)))


def recent(status: str | None, limit: int = 300) -> list[dict[str, Any]]:
    query = select(jobs).order_by(jobs.c.created_at.desc(), jobs.c.job_id).limit(limit)
    if status:
        query = query.where(jobs.c.status == status)
    with state.journal().reader.connect() as db:
        return [dict(row) for row in db.execute(query).mappings()]


def requeue(job_ids: list[str]) -> int:
    """Puts failed jobs back in the queue, now, with a fresh count of attempts; how many there were."""
    values = {
        "status": "queued", "attempts": 0, "not_before": iso(state.settings().now()), "lease_until": None,
        "worker": None, "progress": None, "done_at": None, "message": "Relancée à la main",
    }  # fmt: skip
    with state.journal().engine.begin() as db:
        found = db.execute(
            update(jobs).where(jobs.c.job_id.in_(job_ids), jobs.c.status == "failed").values(values)
        )
        return found.rowcount


def waited(job: dict[str, Any]) -> float:
    """Seconds since the job was created."""
    return (
        datetime.now(UTC).replace(tzinfo=None) - datetime.fromisoformat(job["created_at"])
    ).total_seconds()


@st.fragment(run_every=1)
def _watch(key: str, doing: str, done: str) -> None:
    session.require()
    job = read(st.session_state[key]) if key in st.session_state else None
    if job is None:
        return
    if job["status"] in ("queued", "running"):
        st.progress(
            job["progress"] or (0.1 if job["status"] == "queued" else 0.4), text=job["message"] or doing
        )
        return
    st.session_state[f"{key}:end"] = (job["status"], job["message"] or done)
    del st.session_state[key]
    st.rerun()


def watch(key: str, doing: str, done: str) -> None:
    """Progress of the job whose id is in `st.session_state[key]`, then how it ended."""
    if key in st.session_state:
        st.session_state.pop(f"{key}:end", None)
        _watch(key, doing, done)
    elif end := st.session_state.pop(f"{key}:end", None):
        (st.success if end[0] == "done" else st.error)(end[1])
