"""Response rate limiting, on a clock that stands still."""

import pytest

from alpage.products.dns.server.rate_limit import RateLimit, RateLimiter, Verdict

ANSWER, TRUNCATED, DROPPED = Verdict.ANSWER, Verdict.TRUNCATED, Verdict.DROPPED


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_of_what_is_over_the_limit_every_second_query_slips(clock):
    limiter = RateLimiter(RateLimit(rate=3, slip=2), clock=clock)
    verdicts = [limiter.judge("192.0.2.1") for _ in range(7)]
    assert verdicts == [ANSWER, ANSWER, ANSWER, DROPPED, TRUNCATED, DROPPED, TRUNCATED]
    clock.now += 1
    assert limiter.judge("192.0.2.1") is ANSWER


@pytest.mark.parametrize(("slip", "verdict"), [(0, DROPPED), (1, TRUNCATED)])
def test_none_may_slip_or_all(clock, slip, verdict):
    limiter = RateLimiter(RateLimit(rate=1, slip=slip), clock=clock)
    assert {limiter.judge("192.0.2.1") for _ in range(9)} == {ANSWER, verdict}


@pytest.mark.parametrize(
    ("one", "neighbour", "stranger"),
    [("192.0.2.1", "192.0.2.254", "192.0.3.1"), ("2001:db8:0:1::1", "2001:db8:0:ff::1", "2001:db8:0:100::1")],
)
def test_a_network_shares_its_limit(clock, one, neighbour, stranger):
    limiter = RateLimiter(RateLimit(rate=1), clock=clock)
    assert limiter.judge(one) is ANSWER
    assert limiter.judge(neighbour) is not ANSWER
    assert limiter.judge(stranger) is ANSWER


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "192.0.2.9"])
def test_loopback_and_secondaries_are_exempt(clock, host):
    limiter = RateLimiter(RateLimit(rate=1), frozenset(["192.0.2.9"]), clock=clock)
    assert {limiter.judge(host) for _ in range(5)} == {ANSWER}
