"""The sandbox: this very program, with a clock that can be moved and demonstration data that can be put back.

It is on with `make run`, and elsewhere where the setting `sandbox` says so; faults on request are in `api/faults.py`.
"""
