"""What this server says of itself to programs: OpenAPI, AsyncAPI, and the page that shows them (5.8)."""
