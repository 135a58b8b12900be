"""Reports of single messages: the general audit report, and the flow reports (5.11.3)."""
