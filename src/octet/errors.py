"""What goes wrong for reasons a user can mend."""


class UserError(Exception):
    """A mistake in the input; the message says which file and field, what was found and what to do."""
