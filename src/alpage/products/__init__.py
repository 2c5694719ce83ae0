"""What a customer can use: one folder for each product, none of which imports another."""
