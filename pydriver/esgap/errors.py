"""The one exception that the command line turns into a sentence and exit code 1."""


class EsgapError(Exception):
    """An error whose message is one sentence for the user: what was found, what was expected, what to do."""
