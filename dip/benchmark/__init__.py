"""The benchmark: this server beside a bare relay in the same run; no rate where a message is unaccounted for."""
