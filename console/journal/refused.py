"""The one exception a user may read. Alone here, for the journal and the actions raise it."""


class Refused(Exception):
    """The whole action is refused, for a reason a user can read (one French sentence)."""
