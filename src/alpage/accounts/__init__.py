"""Organisations: accounts, their members and teams, what they own, and who may do what with it."""
