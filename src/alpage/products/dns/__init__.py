"""DNS: zones and their records, served to the world by name servers that copy them from us.

A customer edits records one at a time, many at once or as a zone file. Every edit is checked against the
rules of the DNS before it is taken, becomes a version that can be compared and taken back, and reaches all
name servers together under one serial number.
"""
