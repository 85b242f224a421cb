"""Messages on their way out: mail, webhooks, and the services of other people."""
