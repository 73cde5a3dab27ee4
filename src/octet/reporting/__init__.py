"""What a person reads: the table, the plots, the page, the card."""
