import pytest
from hypothesis import given
from hypothesis import strategies as st

from meters.mqtt.broker import Broker


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mqtt://broker.example.com", "mqtt://broker.example.com:1883"),
        ("mqtt://broker.example.com:1884/", "mqtt://broker.example.com:1884"),
        ("mqtts://broker.example.com", "mqtts://broker.example.com:8883"),
        ("ws://broker.example.com", "ws://broker.example.com:80/mqtt"),
        ("wss://broker.hivemq.com:8884/mqtt", "wss://broker.hivemq.com:8884/mqtt"),
        ("WSS://Broker.HiveMQ.com:8884/other", "wss://broker.hivemq.com:8884/other"),
        ("mqtt://user:secret@[::1]:1883", "mqtt://[::1]:1883"),
    ],
)
def test_it_reads_an_address_and_shows_it_without_credentials(url: str, shown: str) -> None:
    broker = Broker.from_url(url)
    assert str(broker) == shown
    assert "secret" not in repr(broker)


def test_it_decodes_user_and_password() -> None:
    broker = Broker.from_url("mqtt://p%40nel:p%40ss%3Aw%2Frd@host")
    assert (broker.username, broker.password) == ("p@nel", "p@ss:w/rd")


def test_credentials_given_apart_win_over_those_in_the_address() -> None:
    broker = Broker.from_url("mqtt://old:old@host", username="new", password="p@ss")
    assert (broker.username, broker.password) == ("new", "p@ss")


@pytest.mark.parametrize(
    ("url", "tls", "websocket"),
    [
        ("mqtt://h", False, False),
        ("mqtts://h", True, False),
        ("ws://h", False, True),
        ("wss://h", True, True),
    ],
)
def test_the_scheme_tells_the_transport(url: str, tls: bool, websocket: bool) -> None:
    broker = Broker.from_url(url)
    assert (broker.tls, broker.websocket) == (tls, websocket)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "scheme"),
        ("broker.example.com:1883", "scheme"),
        ("http://host", "scheme"),
        ("tcp://host:1883", "scheme"),
        ("mqtt://", "host is missing"),
        ("mqtt://:1883", "host is missing"),
        ("mqtt://host:port", "port"),
        ("mqtt://host:0", "port"),
        ("mqtt://host:70000", "port"),
        ("mqtt://user:hush/hush@host", "%2F"),
        ("mqtt://user:hush#hush@host", "%23"),
        ("mqtt://host/mqtt", "no path"),
        ("mqtt://[::1", "host name"),
        ("mqtt://bad..name", "host name"),
        (f"mqtt://{'x' * 64}.example.com", "host name"),
        ("mqtt://user:hush@ex℀mple.com", "host name"),
    ],
)
def test_it_refuses_what_it_cannot_use_and_never_shows_the_password(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        Broker.from_url(url)
    assert "hush" not in str(caught.value)


def test_it_knows_the_public_test_brokers() -> None:
    assert Broker.from_url("wss://broker.hivemq.com:8884/mqtt").public
    assert not Broker.from_url("mqtt://broker.example.com").public


@given(st.sampled_from(["", "mqtt://", "wss://"]), st.text(max_size=60))
def test_any_text_is_an_address_or_refused_with_a_sentence(scheme: str, text: str) -> None:
    try:
        broker = Broker.from_url(scheme + text)
    except ValueError as error:
        assert not isinstance(error, UnicodeError)
    else:
        assert broker.host
        assert 0 < broker.port < 65536
