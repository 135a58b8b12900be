"""A made-up market: MPANs, suppliers, services, and how they change hands over the years."""
