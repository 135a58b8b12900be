"""Calls of the participants' API that are tried out on the page of the API: signed and sent by the server (5.8)."""
