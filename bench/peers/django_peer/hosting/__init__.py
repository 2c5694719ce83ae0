"""The Django application: users, zones and records behind two routes."""
