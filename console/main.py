"""The entry script of every rerun: who is looking, what they may see, then the screen they asked for."""

from pathlib import Path

import streamlit as st

from console import actions  # noqa: F401  (registers every action)
from console.auth import ROLES
from console.widgets import pages, session

st.set_page_config(
    page_title="Guichet", page_icon=str(Path(__file__).with_name("favicon.png")), layout="wide"
)

user = session.require()
screens = pages.visible(user.role)
if not screens:
    st.info("Votre profil n'ouvre aucun écran de cette console. Adressez-vous à votre agence.")
    st.button("Se déconnecter", on_click=st.logout)
    st.stop()

sections: dict[str, list[st.Page]] = {}
for screen in screens:
    page = st.Page(screen.script, title=screen.title, url_path=screen.path, default=screen.title == "Accueil")
    sections.setdefault(screen.section, []).append(page)
chosen = st.navigation(sections, expanded=True)

with st.sidebar:
    st.caption(f"{user.label} · {ROLES[user.role]}")
    if st.button("Se déconnecter", type="tertiary", icon=":material/logout:"):
        st.logout()

chosen.run()
