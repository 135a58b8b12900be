"""`bench publications`: payloads uploaded, announced, downloaded and filtered while messages flow (5.6)."""
