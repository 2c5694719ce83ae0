"""Alpage: an independent hosting platform whose product is its API."""
