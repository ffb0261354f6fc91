"""What the command line reports in one line."""


class UsageError(Exception):
    """A mistake that its user can mend; the command line prints the message without a traceback and exits with 2.

    The message is one line: what the parameter should be, what was found, and how to cure it.
    """
