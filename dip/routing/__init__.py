"""Where a message goes: primary, MPAN look-up, always (5.5.3, 5.5.14); what each recipient may see (5.5.6)."""
