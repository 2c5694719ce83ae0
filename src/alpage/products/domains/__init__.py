"""Domains: the names an account has registered, who serves them, and what their registries know of them.

A domain is a product of the service `domain`, under the same id. Its zone, if it has one here, is the DNS product's.
"""

from alpage.accounts.services import Service

SERVICE = Service(id=14, name="domain", account_filter_name="domain_name")
