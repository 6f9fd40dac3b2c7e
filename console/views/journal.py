"""Journal: every decision with its actor and time; search, and a check that nothing was altered."""

import streamlit as st
from sqlalchemy import and_, func, or_, select

from console.journal.events import PAYLOADS
from console.journal.schema import events
from console.web import state
from console.widgets import cells, formats, pages, session, timeline, verify

user = session.require(*pages.roles_of("Journal"))
journal, zone = state.journal(), state.settings().zone
PAGE = 50
st.markdown("## Journal")
st.caption("Toutes les décisions, dans l'ordre. Une ligne ne se modifie ni ne s'efface.")


def first_page() -> None:
    st.session_state["journal-page"] = 1


with st.container(horizontal=True, vertical_alignment="bottom"):
    words = st.text_input(
        "Rechercher",
        placeholder="numéro, client, contenu…",
        key="journal-texte",
        type="search",
        bind="query-params",
        width=240,
        on_change=first_page,
    )
    kind = st.selectbox(
        "Décision",
        ["Toutes", *sorted(PAYLOADS)],
        key="journal-decision",
        bind="query-params",
        width=260,
        on_change=first_page,
    )
    actor = st.text_input(
        "Auteur", key="journal-auteur", bind="query-params", width=140, on_change=first_page
    )
    st.space("stretch")
    verify.button(user)
verify.show()

conditions = []
if kind != "Toutes":
    conditions.append(events.c.kind == kind)
if actor:
    conditions.append(events.c.actor == actor.strip())
for word in words.split():
    conditions.append(
        or_(events.c.stream.contains(word, autoescape=True), events.c.payload.contains(word, autoescape=True))
    )
with journal.reader.connect() as db:
    total = db.execute(select(func.count()).select_from(events).where(and_(True, *conditions))).scalar_one()
st.markdown(f"**{formats.count(total, 'décision')}**")
if not total:
    with st.container(border=True):
        st.markdown("**Aucune décision ne répond à cette recherche.**")
    st.stop()
pages_count = -(-total // PAGE)
if st.session_state.get("journal-page", 1) > pages_count:
    st.session_state["journal-page"] = pages_count
left, right = st.columns([5, 2], gap="medium")
with left:
    table = st.container()
    number = st.pagination(pages_count, key="journal-page", bind="query-params")
query = select(events).where(and_(True, *conditions)).order_by(events.c.seq.desc())
with journal.reader.connect() as db:
    rows = [dict(row) for row in db.execute(query.limit(PAGE).offset((number - 1) * PAGE)).mappings()]


def words_of(row: dict) -> str:
    from console.journal.store import Event

    return timeline.sentence(row["kind"], Event(**row).data)


with table:
    chosen = st.dataframe(
        [
            {
                "seq": str(row["seq"]),
                "at": formats.moment(row["occurred_at"], zone),
                "actor": row["actor"],
                "words": words_of(row),
                "stream": row["stream"],
            }
            for row in rows
        ],
        hide_index=True,
        height=min(len(rows), 14) * 35 + 40,
        on_select="rerun",
        selection_mode="single-cell",
        key=f"journal-table-{number}-{rows[0]['seq']}",
        alt="Décisions",
        column_config={
            "seq": st.column_config.TextColumn("N°", width=70, alignment="right"),
            "at": st.column_config.TextColumn("Quand", width=130),
            "actor": st.column_config.TextColumn("Qui", width=100),
            "words": st.column_config.TextColumn("Décision"),
            "stream": st.column_config.TextColumn("Sujet"),
        },
    )
with right:
    position = chosen.selection.cells[0][0] if chosen.selection.cells else 0
    row = rows[min(position, len(rows) - 1)]
    with st.container(border=True):
        st.markdown(f"### Décision {row['seq']}")
        st.markdown(cells.markdown(words_of(row)))
        st.table(
            {
                "Quand": formats.moment(row["occurred_at"], zone),
                "Qui": cells.markdown(row["actor"]),
                "Sujet": cells.markdown(row["stream"]),
                "Version": str(row["version"]),
                "Genre": cells.markdown(row["kind"]),
                "Empreinte": row["hash"][:16] + "…",
            },
            border="horizontal",
            alt="Décision",
        )
        with st.expander("Contenu"):
            st.json(row["payload"], expanded=2)
