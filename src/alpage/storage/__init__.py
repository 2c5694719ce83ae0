"""Where everything is kept: the database, its transactions, and the log of every change."""
