"""A message goes out: queues, webhooks, retries, answers, returns to the sender (5.5.8 to 5.5.10, 5.5.13)."""
