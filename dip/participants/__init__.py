"""Who may do what: participants, their roles, their certificates, and the first start."""
