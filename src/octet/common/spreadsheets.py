"""Text in CSV files, which people open in spreadsheets."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # noqa: RUF001  # wide letters begin formulas, too


def csv_text(text: str) -> str:
    """A name or other text as a cell: what a spreadsheet would compute gets an apostrophe before it, and is shown."""
    return f"'{text}" if text.startswith(_FORMULA) else text
