from tests.services.ports import HIGHEST_PORT, LOWEST_PORT, free_port, ports_of


def test_processes_of_one_run_share_the_ports_and_none_of_them_is_anothers() -> None:
    shares = [set(ports_of(f"gw{number}", 3)) for number in range(3)]
    assert set().union(*shares) == set(range(LOWEST_PORT, HIGHEST_PORT + 1))
    assert sum(map(len, shares)) == HIGHEST_PORT + 1 - LOWEST_PORT


def test_no_port_is_given_twice() -> None:
    given = [free_port() for _ in range(300)]
    assert len(set(given)) == len(given)
