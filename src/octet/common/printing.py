"""Text that somebody else wrote, such as the name of a file, as a terminal may print it."""


def printable(text: str) -> str:
    """Write each character that cannot be printed, or that a terminal would act on, as Python's escape for it."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
