"""The one exception a user may read. It stands alone so that the journal and the actions can both raise it."""


class Refused(Exception):
    """The whole action is refused, for a reason a user can read (one French sentence)."""
