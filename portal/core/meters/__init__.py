"""The meters of a Client at present: what each measures, whether its board is well, and what is lost between them."""
