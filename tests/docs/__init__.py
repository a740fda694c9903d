"""What README and docs say is what the program does: commands, tables, links. `pages.py` reads them."""
