"""What a channel is: YAML read to typed channels, formats compiled to fast and to explaining checks."""
