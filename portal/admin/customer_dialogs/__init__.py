"""What may be done to a customer, in dialogs: on the list as on the customer's own page."""
