"""An MQTT broker for the demo: rumqttd from the iotcore wheel, in a child process.

For the demo only: its sessions live in memory.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from iotcore import Broker

# The defaults would listen on all addresses, keep a log of a gigabyte, and refuse payloads over
# 20 KiB by dropping the connection, upon which a client sends the same again, for ever.
_CONFIG = """
id = 0
[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 1000
max_segment_size = 4194304
max_segment_count = 4
[v4.1]
name = "mqtt-3.1.1"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
[v4.1.connections]
connection_timeout_ms = 60000
max_payload_size = 1048576
max_inflight_count = 1000
dynamic_filters = true
"""


@contextmanager
def embedded_broker(port: int, state_dir: Path) -> Iterator[None]:
    """A broker for MQTT 3.1.1 on 127.0.0.1:`port` while the context lasts; its configuration is
    written into `state_dir`. Raises OSError where the port is taken."""
    config = state_dir / "demo_broker.toml"
    config.write_text(_CONFIG.format(port=port))
    # Ctrl-C reaches every process of the terminal: the broker must outlive the parts that still
    # say good-bye to it, so it starts with the signal blocked and is ended last.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        broker = Broker(config_path=str(config)).start()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        broker.stop()
