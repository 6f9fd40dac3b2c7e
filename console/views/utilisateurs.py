"""Utilisateurs: accounts, profiles, new passwords, sign-outs (administrators only)."""

import secrets
from collections.abc import Callable

import streamlit as st

from console import auth
from console.web import state
from console.widgets import cells, pages, session

user = session.require(*pages.roles_of("Utilisateurs"))
engine = state.journal().engine
TOLD = "_user_told"


def attempt(success: str, act, *args, **options) -> None:  # type: ignore[no-untyped-def]
    session.require("admin")
    try:
        act(engine, *args, **options)
        st.session_state[TOLD] = (True, success)
    except auth.AuthError as error:
        st.session_state[TOLD] = (False, str(error))


def create() -> None:
    name = str(st.session_state["user-new"]).strip()
    password = secrets.token_urlsafe(12)
    told = f"Compte « {name} » créé. Mot de passe à transmettre, affiché une seule fois : `{password}`"
    attempt(
        told,
        auth.create_user,
        name,
        password,
        st.session_state["user-role"],
        name=st.session_state["user-name"],
        client_id=st.session_state.get("user-client") or None,
    )


def new_password(name: str) -> None:
    password = secrets.token_urlsafe(12)
    attempt(
        f"Nouveau mot de passe de « {name} », affiché une seule fois : `{password}`",
        auth.set_password,
        name,
        password,
    )


def change_role(name: str) -> None:
    role = st.session_state[f"role-{name}"]
    attempt(f"« {name} » a maintenant le profil {auth.ROLES[role]}.", auth.set_role, name, role)


def choices(account: auth.User) -> dict[str, Callable[[], None]]:
    """What can be done with an account."""
    name = account.username
    return {
        "Nouveau mot de passe": lambda: new_password(name),
        "Déconnecter": lambda: attempt(f"« {name} » est déconnecté.", auth.revoke_all, name),
        ("Fermer" if account.active else "Rouvrir"): lambda: attempt(
            f"Le compte « {name} » est {'fermé' if account.active else 'rouvert'}.",
            auth.set_active,
            name,
            not account.active,
        ),
    }


def chosen(account: auth.User) -> None:
    choices(account)[st.session_state[f"do-{account.username}"]]()


st.markdown("## Utilisateurs")
st.caption(
    "Qui peut ouvrir cette console, et avec quel profil. Un compte fermé perd l'accès à son prochain clic."
)
if told := st.session_state.pop(TOLD, None):
    (st.success if told[0] else st.error)(told[1])
left, right = st.columns([5, 2], gap="medium")
with left:
    for account in auth.list_users(state.journal().reader):
        me = account.username == user.username
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            badge = "" if account.active else " :red-badge[Fermé]"
            st.markdown(
                f"**{cells.markdown(account.username)}** {cells.markdown(account.name)}{badge}",
                width="stretch",
            )
            st.selectbox(
                "Profil",
                list(auth.ROLES),
                index=list(auth.ROLES).index(account.role),
                key=f"role-{account.username}",
                format_func=lambda role: auth.ROLES[role],
                label_visibility="collapsed",
                width=170,
                disabled=me,
                on_change=change_role,
                args=(account.username,),
            )
            st.menu_button(
                "Actions",
                list(choices(account)),
                key=f"do-{account.username}",
                disabled=me,
                on_click=chosen,
                args=(account,),
            )
with right, st.container(border=True):
    st.markdown("##### Nouveau compte")
    st.text_input("Identifiant", key="user-new", autocomplete="off")
    st.text_input("Nom", key="user-name", autocomplete="off")
    role = st.selectbox(
        "Profil", list(auth.ROLES), format_func=lambda role: auth.ROLES[role], key="user-role"
    )
    if role == "client":
        st.text_input("Client (identifiant)", key="user-client")
    st.button("Créer le compte", type="primary", on_click=create)
    st.caption("Votre propre mot de passe se change avec « guichet user password ».")
