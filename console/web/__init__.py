"""What the ASGI app serves beside Streamlit: sign-in, guard, downloads. No streamlit import here."""
