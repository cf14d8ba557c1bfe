"""How the system is, for those who operate it: `/system` and the messages that were rejected."""
