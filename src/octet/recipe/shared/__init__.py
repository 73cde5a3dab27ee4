"""The sections that all recipes share, how recipes are loaded, and how a stage script starts with one."""
