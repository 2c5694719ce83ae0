"""The programs the platform is measured against: the same two routes in two usual stacks, and an empty server."""
