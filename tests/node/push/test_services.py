"""Push services: one that is slow or down takes no more than its share."""

from datetime import UTC, datetime, timedelta

from node.push.services import APART, AT_ONCE, FIRST_REST, LONGEST_REST, Services

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ONE, OTHER = "https://one.example", "https://other.example"


def test_a_service_is_sent_so_much_at_once_and_others_are_not_held_up() -> None:
    services = Services()
    held = [services.sending(ONE) for _ in range(AT_ONCE)]
    for each in held:
        each.__enter__()

    turns = [services.turn(ONE, NOW) for _ in range(3)]

    assert turns == [NOW + APART, NOW + 2 * APART, NOW + 3 * APART]
    assert services.turn(OTHER, NOW) is None
    held[0].__exit__(None, None, None)
    assert services.turn(ONE, NOW) is None


def test_a_service_that_fails_rests_longer_each_time_and_starts_anew() -> None:
    services = Services()
    assert services.turn(ONE, NOW) is None

    services.failed(ONE, NOW)
    assert services.turn(ONE, NOW) == NOW + FIRST_REST
    assert services.turn(ONE, NOW + FIRST_REST) is None
    services.failed(ONE, NOW)
    assert services.turn(ONE, NOW) == NOW + 2 * FIRST_REST
    for _ in range(20):
        services.failed(ONE, NOW)
    turn = services.turn(ONE, NOW)
    assert turn is not None
    assert turn <= NOW + LONGEST_REST + APART
    services.answered(ONE)

    assert services.turn(ONE, NOW) is None


def test_a_service_says_how_long_it_wants_to_rest_within_bounds() -> None:
    services = Services()

    services.failed(ONE, NOW, timedelta(minutes=5))
    services.failed(OTHER, NOW, timedelta(days=5))

    assert services.turn(ONE, NOW) == NOW + timedelta(minutes=5)
    assert services.turn(OTHER, NOW) == NOW + LONGEST_REST
