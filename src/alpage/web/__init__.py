"""What a person sees in a browser: login, manager, portal. Server-rendered pages that work without JavaScript.

Read `pages.py` for how a page is declared, `visits.py` for what its function is given, `sites.py` for the way of a
request from the wire to the page, and `design/` for how everything looks.
"""
