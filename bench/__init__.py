"""The platform measured beside what else could have been written: `make bench`, described in README.md."""
