"""What a trial says: models of its outcomes, how far they lean on what is missing, and the table that reports them."""
