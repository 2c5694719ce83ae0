"""The conventions every route follows, one file each; `dispatch.py` reads them in the order a request meets them."""
