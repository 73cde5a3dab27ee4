"""Cutting a file after any of its operators, and what each operator has to do."""
