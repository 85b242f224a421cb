"""Charts of every quantity that is measured."""
