"""Why a whole file is refused, in one French sentence: the user reads it as it is."""


class Refused(Exception):
    """Nothing of the file is kept but its name in `raw.load_batches`."""
