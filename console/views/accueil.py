"""Accueil: what waits for me, how far the months are, how fresh the figures are. Every number opens its
queue.
"""

import streamlit as st

from console.warehouse import runs
from console.web import state
from console.widgets import cells, formats, freshness, pages, results, session
from console.widgets.queue import age, no_data

user, warehouse = session.require(*pages.roles_of("Accueil")), state.warehouse()
# Where a number leads when its queue is a part of a larger screen: the filters that show just that part.
PARTS = {
    "a_envoyer": {"factures-status": "Validée"},
    "rejets": {"imports-partie": "Lignes rejetées"},
    "home_plus_a_demander": {"hp-factures-eligible": "Oui", "hp-factures-request_status": "À envoyer"},
}


def queue_line(row: dict) -> None:
    screen = pages.by_title(row["screen"])
    number, label, amount, oldest = st.columns([1, 4, 2, 3], vertical_alignment="center", gap="small")
    number.markdown(f"**{formats.decimal_fr(row['items'])}**", text_alignment="right")
    if screen is not None and user.role in screen.roles:
        label.page_link(screen.script, label=row["label"], query_params=PARTS.get(row["queue"]))
    else:
        label.markdown(cells.markdown(row["label"]))
    amount.markdown(formats.euros(row["amount"]), text_alignment="right")
    oldest.caption(f"la plus ancienne : {age(row['oldest'])}" if row["oldest"] else " ")


def waiting() -> None:
    rows = warehouse.rows("select * from marts.queue_counts where items > 0 order by rank")
    if not rows:
        with st.container(border=True):
            st.markdown("**Rien ne vous attend.**")
        return
    for section in dict.fromkeys(row["section"] for row in rows):
        with st.container(border=True, gap="small"):
            st.markdown(f"##### {cells.markdown(section)}")
            for row in rows:
                if row["section"] == section:
                    queue_line(row)


def months() -> None:
    rows = warehouse.rows(
        "select period, rank, stage, items, base, amount from marts.month_progress "
        "where period in (select distinct period from marts.month_progress order by period desc limit 3) "
        "order by period desc, rank"
    )
    for period in dict.fromkeys(row["period"] for row in rows):
        stages = [row for row in rows if row["period"] == period]
        with st.container(border=True, gap="small"):
            st.markdown(f"##### {cells.written(period, 'month')}")
            for row in stages:
                amount = f" · {formats.euros(row['amount'])}" if row["amount"] else ""
                of_all = f" sur {formats.decimal_fr(row['base'])}" if row["base"] > row["items"] else ""
                label = f"{row['stage']} : **{formats.decimal_fr(row['items'])}**{of_all}{amount}"
                st.progress(min(row["items"] / max(row["base"], 1), 1.0), text=label)


def last_run() -> None:
    history = runs.history(state.settings().paths, 1)
    with st.container(border=True, gap="small"):
        st.markdown("##### Dernière exécution")
        freshness.show(warehouse.run_id)
        if history and not history[0].get("ok"):
            st.warning("La dernière exécution a échoué ; les écrans montrent la précédente.")
        if user.role in pages.OFFICE:
            st.page_link("views/executions.py", label="Voir les exécutions")


st.markdown("## Accueil")
st.caption(f"Bonjour {cells.markdown(user.label)}. Voici ce qui attend une décision.")
results.show()
if warehouse.run_id is None:
    no_data()
else:
    left, right = st.columns([3, 2], gap="medium")
    with left:
        waiting()
    with right:
        last_run()
        months()
