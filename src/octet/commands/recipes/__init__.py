"""How `new` recognizes own data and writes a recipe for it."""
