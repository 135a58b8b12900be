"""The participants' API: messages in, webhooks set (5.5.10; live API 2.2.1)."""
