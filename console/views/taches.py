"""Envois et tâches: what the worker has to do, what it gave up, and the messages written without a mail
server.
"""

import json
from email import message_from_bytes, policy

import streamlit as st

from console.web import state
from console.widgets import cells, formats, jobs, pages, session
from console.widgets.declaration import Column, Filter, Queue
from console.widgets.detail import DELIVERIES
from console.widgets.queue import show

user = session.require(*pages.roles_of("Envois et tâches"))
settings = state.settings()
SENDINGS = {
    "envoye": ("Envoyé", "green"),
    "imprime": ("Imprimé", "green"),
    "echec": ("En échec", "red"),
    "en_attente": ("En attente", "orange"),
}
QUEUE = Queue(
    name="envois",
    mart="marts.sendings",
    title="Envois",
    caption="Ce qui est parti chez les clients, et ce qui n'a pas pu partir.",
    key="invoice_id",
    noun=("envoi", "envois"),
    columns=(
        Column("invoice_number", "Facture", width=115),
        Column("client_name", "Client"),
        Column("delivery", "Mode", "badge", 85, DELIVERIES),
        Column("state", "État", "badge", 95, SENDINGS),
        Column("recipient", "Destinataire"),
        Column("asked_at", "Demandé le", "datetime", 130),
        Column("message", "Réponse", width=260),
        Column("tries", "Essais", "int", 65),
    ),
    filters=(
        Filter("state", "État", "pills", SENDINGS),
        Filter("delivery", "Mode", badges=DELIVERIES, width=130),
        Filter(("invoice_number", "client_name", "recipient"), "facture, client…", "search"),
    ),
    oldest="asked_at",
    order="-asked_at",
    empty="Aucun envoi pour l'instant.",
)


def retry(job_ids: list[str]) -> None:
    session.require("analyste", "admin")
    st.session_state["_requeued"] = jobs.requeue(job_ids)


def tasks() -> None:
    st.markdown("## Tâches")
    st.caption(
        "Le travail confié au traitement en arrière-plan. Ce qu'il abandonne reste ici, avec sa raison."
    )
    known = jobs.counts()
    labels = {
        f"{jobs.STATES[name][0]} ({number})": name
        for name, number in sorted(known.items())
        if name in jobs.STATES
    }
    picked = st.pills("État", list(labels), key="taches-etat")
    if (number := st.session_state.pop("_requeued", None)) is not None:
        st.success(f"{formats.count(number, 'tâche relancée', 'tâches relancées')}.")
    found = jobs.recent(labels.get(picked or ""))
    if not found:
        with st.container(border=True):
            st.markdown(
                "**Aucune tâche.** Elles apparaissent quand vous validez, envoyez ou demandez un paiement."
            )
        return
    shown = [
        {
            "kind": jobs.KINDS.get(job["kind"], job["kind"]),
            "state": [jobs.STATES[job["status"]][0]],
            "at": formats.moment(job["created_at"], settings.zone),
            "tries": str(job["attempts"]),
            "actor": job["actor"],
            "message": job["message"] or "",
        }
        for job in found
    ]
    event = st.dataframe(
        shown,
        hide_index=True,
        height=min(len(shown), 14) * 35 + 40,
        on_select="rerun",
        alt="Tâches",
        selection_mode=["multi-row", "single-cell"],
        key=f"taches-table-{picked}-{found[0]['job_id']}-{len(found)}",
        column_config={
            "kind": "Tâche",
            "state": st.column_config.MultiselectColumn(
                "État",
                options=[label for label, _ in jobs.STATES.values()],
                color=[colour for _, colour in jobs.STATES.values()],
                width=100,
            ),
            "at": st.column_config.TextColumn("Demandée le", width=130),
            "tries": st.column_config.TextColumn("Essais", width=65, alignment="right"),
            "actor": st.column_config.TextColumn("Par", width=100),
            "message": "Message",
        },
    )
    chosen = [found[row]["job_id"] for row in event.selection.rows if found[row]["status"] == "failed"]
    if user.role in ("analyste", "admin"):
        st.button(
            "Relancer les tâches en échec",
            type="primary",
            icon=":material/replay:",
            disabled=not chosen,
            on_click=retry,
            args=(chosen,),
            help="Sélectionnez des tâches en échec.",
        )
    if event.selection.cells:
        job = found[event.selection.cells[0][0]]
        with st.container(border=True):
            st.markdown(f"### {jobs.KINDS.get(job['kind'], job['kind'])}")
            if job["message"]:
                st.markdown(cells.markdown(job["message"]))
            st.json(json.loads(job["payload"]), expanded=1)


def outbox() -> None:
    st.markdown("## Boîte d'envoi")
    if settings.smtp_host:
        st.caption(f"Les messages partent par le serveur {cells.markdown(settings.smtp_host)}.")
    else:
        st.caption("Aucun serveur d'envoi n'est réglé : les messages sont écrits ici, au format .eml.")
    files = sorted(settings.paths.mail.rglob("*.eml"), key=lambda path: path.stat().st_mtime, reverse=True)
    if not files:
        with st.container(border=True):
            st.markdown("**Aucun message.** Envoyez des factures par e-mail.")
        return
    texte = st.text_input(
        "Rechercher", placeholder="destinataire, sujet…", key="eml-texte", type="search", width=260
    )
    messages = []
    for path in files[:500]:
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        line = {
            "to": str(message["to"] or ""),
            "subject": str(message["subject"] or ""),
            "date": str(message["date"] or ""),
        }
        if texte.lower() in f"{line['to']} {line['subject']}".lower():
            messages.append((line, message))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        event = st.dataframe(
            [line for line, _ in messages],
            hide_index=True,
            on_select="rerun",
            selection_mode="single-cell",
            key=f"eml-{len(messages)}",
            alt="Messages",
            height=min(len(messages), 14) * 35 + 40,
            column_config={"to": "Destinataire", "subject": "Sujet", "date": "Date"},
        )
        st.caption(formats.count(len(files), "message"))
    if messages:
        position = event.selection.cells[0][0] if event.selection.cells else 0
        line, message = messages[min(position, len(messages) - 1)]
        with right, st.container(border=True):
            st.markdown(f"### {cells.markdown(line['subject'])}")
            st.caption(f"À {cells.markdown(line['to'])} · {cells.markdown(line['date'])}")
            body = message.get_body(("plain", "html"))
            st.text(body.get_content() if body else "")
            for part in message.iter_attachments():
                st.markdown(f":material/attach_file: {cells.markdown(part.get_filename() or 'pièce jointe')}")


part = st.segmented_control(
    "Partie",
    ["Envois", "Tâches", "Boîte d'envoi"],
    default="Envois",
    required=True,
    key="envois-partie",
    bind="query-params",
    label_visibility="collapsed",
)
{"Tâches": tasks, "Boîte d'envoi": outbox}.get(part or "", lambda: show(QUEUE))()
