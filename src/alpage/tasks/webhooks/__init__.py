"""Webhooks: what an account's change log gets is sent to the addresses its administrators name, signed.

`endpoints.py` has what is stored; `events.py`, which changes an endpoint wants, and how they look on the wire;
`signatures.py`, the signatures of the Standard Webhooks specification; `delivery.py`, the worker that sends. The routes
are in `accounts/`, where it is known who administers what; there the worker is put together too.
"""
