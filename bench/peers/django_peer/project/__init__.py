"""The Django project: settings, addresses and the WSGI application that Granian serves."""
