"""The boards beside the meters: what they run, how they are set up, and how they come by a token."""
