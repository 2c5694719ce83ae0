"""How everything looks: one stylesheet, the layouts, the parts all pages are made of, and what they are given.

`docs/design.md` says how to use it; `every_part.html` shows it.
"""
