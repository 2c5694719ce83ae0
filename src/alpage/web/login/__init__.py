"""The login: where a person signs in, allows what applications ask for, and signs out.

`surface.py` is what its pages have at hand, `browsers.py` who is signed in with a browser, `returns.py` where a visitor
goes on to. The pages are in `sign_in.py`, `chooser.py`, `authorize.py`, `device.py`, `links.py`, `passkeys.py` and
`sign_out.py`.
What programs speak to (tokens, keys, metadata) stands beside it, in `identity/oauth`.
"""
