"""The dashboard: how the server does at this moment, kept up to date (5.11, FS-50 to FS-52, FS-56)."""
