"""The Python SDK: calls any server that speaks this API, ours or the reference one.

It imports nothing of the platform. The manager is built on it, as any customer's manager could be.
"""

from alpage.client.answers import Answer
from alpage.client.calls import Alpage
from alpage.client.errors import ApiError, Fault

__all__ = ["Alpage", "Answer", "ApiError", "Fault"]
