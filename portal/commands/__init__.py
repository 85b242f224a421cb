"""The verbs of the `portal` command, one file per subject."""
