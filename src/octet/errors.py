"""What goes wrong for reasons a user can mend."""


class UserError(Exception):
    """A mistake in the input; the message says which file and field, what was found and what to do."""


def first_line(error: Exception) -> str:
    """What a library's error says, in a line; its name, if it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
