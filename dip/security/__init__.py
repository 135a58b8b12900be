"""How trust is made: certificates, TLS, signatures, encryption on the wire and in the store."""
