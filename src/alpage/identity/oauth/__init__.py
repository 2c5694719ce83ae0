"""OAuth 2 and OpenID Connect: how applications get access in a user's name, and learn who he is.

`endpoints.py` is the surface programs speak to; `authorization.py`, `device_flow.py` and `logout.py` are the verbs of
the pages a person sees in between. The protocol stands on Authlib's server classes, what it keeps in `storage.py`.
"""
