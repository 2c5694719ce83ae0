"""Prometheus metrics of the API."""

from prometheus_client import CollectorRegistry, Counter, Histogram

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """Counts and times every answer."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._answers = Counter("alpage_requests", "Answers", ["method", "route", "status"], registry=registry)
        self._seconds = Histogram(
            "alpage_request_seconds", "Time to answer", ["route"], buckets=BUCKETS, registry=registry
        )

        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Takes note of one answer."""
        counter, histogram = self._known.get((method, route, status)) or self._label(method, route, status)
        counter.inc()
        histogram.observe(seconds)

    def _label(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        labelled = (self._answers.labels(method, route, str(status)), self._seconds.labels(route))
        self._known[method, route, status] = labelled
        return labelled
