"""The wire: routes, pages, the administration API, and the statuses of errors."""
