"""How many processes of a function should stand ready."""

from samlive_relay.workers.demand import BUSY_SECONDS, IDLE_SECONDS, MOST_OF_ONE, Demand


def test_a_function_that_was_never_called_needs_none() -> None:
    assert Demand().count(1e6) == 0


def test_a_function_that_is_not_in_use_needs_none() -> None:
    demand = Demand()
    demand.use("a", 0)
    assert demand.count(IDLE_SECONDS - 1) == 1
    assert demand.count(IDLE_SECONDS) == 0


def test_each_environment_in_use_has_its_own() -> None:
    demand = Demand()
    for name in "abca":
        demand.use(name, 0)
    assert demand.count(1) == 3
    demand.use("b", BUSY_SECONDS)
    assert demand.count(BUSY_SECONDS) == 1


def test_where_one_was_missing_one_more_stands_ready() -> None:
    demand = Demand()
    demand.use("a", 0)
    demand.miss(0)
    assert demand.count(1) == 2
    demand.use("a", IDLE_SECONDS)
    assert demand.count(IDLE_SECONDS) == 1


def test_one_function_never_has_more_than_its_share() -> None:
    demand = Demand()
    for name in "abcdefgh":
        demand.use(name, 0)
    demand.miss(0)
    assert demand.count(0) == MOST_OF_ONE
