"""The only SQL: protocols whose verbs are the domain's, and the SQLite store behind them."""
