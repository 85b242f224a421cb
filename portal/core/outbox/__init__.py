"""What a Client still has to push, how far it has come, and what was refused."""
