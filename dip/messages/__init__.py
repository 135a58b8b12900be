"""What a message is: envelope, identifiers, response codes. Pure: no I/O, no clock."""
