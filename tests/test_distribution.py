from tests.distribution import FIRST, unit
from tests.services.installation import REPOSITORY


def test_a_file_is_dealt_out_as_a_whole_all_faults_together_and_the_longest_one_by_one() -> None:
    dealt = [
        unit(test)
        for test in (
            "tests/mqtt/test_topics.py::test_a[x::y]",
            "tests/mqtt/test_topics.py::test_b",
            "tests/faults/test_broker.py::test_c",
            "tests/faults/test_database.py::test_d[killed]",
            "tests/services/test_on_mariadb.py::test_e",
            "tests/services/test_on_mariadb.py::test_f",
        )
    ]
    assert dealt == [
        "tests/mqtt/test_topics.py",
        "tests/mqtt/test_topics.py",
        "tests/faults/",
        "tests/faults/",
        "tests/services/test_on_mariadb.py::test_e",
        "tests/services/test_on_mariadb.py::test_f",
    ]


def test_what_is_to_come_first_exists() -> None:
    assert all((REPOSITORY / start).exists() for start in FIRST)
