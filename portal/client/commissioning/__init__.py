"""The check of a new meter, for the installer's phone and for paper."""
