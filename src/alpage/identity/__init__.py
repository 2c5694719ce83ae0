"""Who is calling and what they may do: users, their tokens, and what a user says about himself."""
