"""Labels, one a line, from a model file or from a file beside it: strangers wrote them, and people will see them."""

from octet.common.errors import UserError

MOST_LABEL_BYTES = (
    1_000_000  # of a list of labels; the longest that are used, of some ten thousand classes, have half of that
)
_LONGEST = 200  # letters of a label


def parse_labels(content: bytes, origin: str) -> list[str]:
    """The labels in a text, of which MOST_LABEL_BYTES and one more byte are enough; `origin` is for messages."""
    expected = "expected a text with one label on each line"
    if len(content) > MOST_LABEL_BYTES:
        raise UserError(f"{origin}: more than {MOST_LABEL_BYTES:,} bytes; {expected}")
    try:
        lines = content.decode("utf-8-sig").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise UserError(f"{origin}: byte {error.start} is not UTF-8; {expected}") from None
    labels = [line.removesuffix("\r") for line in lines]
    for number, label in enumerate(labels, start=1):
        if len(label) > _LONGEST:
            raise UserError(f"{origin}: line {number} has {len(label):,} letters; expected at most {_LONGEST}")
        if not label.isprintable():  # terminals obey control characters, and others turn a line's letters around
            raise UserError(f"{origin}: line {number} is {label!r}; expected letters that can be shown")
    return labels
