"""The end of a run: what it reached in a sentence and a table, and the page with what this machine adds."""
