"""Who holds which certificate: issued, renewed, revoked while the server runs (5.7, 8.4)."""
