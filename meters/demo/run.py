"""The whole product in one process: broker, simulator, ingest, worker and web."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from channels.routing import get_default_application
from daphne.endpoints import build_endpoint_description_strings
from daphne.server import Server, twisted_loop
from django.conf import settings
from django.core.exceptions import RequestAborted
from django.db import connection

from meters.demo.broker import embedded_broker
from meters.demo.panels import INTERVAL_S
from meters.ingest.assembly import build_broadcaster, build_engine
from meters.ingest.broadcast import cancel_tasks
from meters.jobs import record_run, run_worker
from meters.live import connection_state
from meters.management.stopping import StopFlag
from meters.mqtt.broker import Broker
from meters.mqtt.publisher import Publisher
from meters.simulation.panel import SimulatedPanel
from meters.simulation.publishing import Destination, Simulation, run_rounds

HOST = "127.0.0.1"
INGEST_LIMIT_S = 15.0


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def run_demo(
    port: int,
    mqtt_port: int,
    panels: Mapping[str, SimulatedPanel],
    on_ready: Callable[[], None],
    *,
    since_s: float | None = None,
) -> None:
    """Run everything until Ctrl-C or SIGTERM, then end it in the order that loses nothing. The
    panels publish from now on, or from `since_s` (Unix time), when their history ends.

    The web server keeps the main thread, whose signals end it; the ingest hands its events over to
    the web server's own event loop, where the in-memory channel layer lives.
    """
    settings.MQTT_BROKER = Broker.from_url(f"mqtt://{HOST}:{mqtt_port}")
    twisted_loop.set_exception_handler(tell_of_errors)
    stop = StopFlag()
    with ExitStack() as parts:
        parts.enter_context(embedded_broker(mqtt_port, settings.STATE_DIR))
        parts.enter_context(_ingest(stop))
        parts.enter_context(_thread("worker", stop, lambda: _work(stop)))
        parts.enter_context(_thread("simulator", stop, lambda: _simulate(panels, stop, since_s)))
        Server(
            application=get_default_application(),
            endpoints=build_endpoint_description_strings(host=HOST, port=port),
            ready_callable=on_ready,
            verbosity=0,
        ).run()


def tell_of_errors(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Of all but pages that nobody waits for any more: at a Ctrl-C those that are on their way."""
    if not isinstance(context.get("exception"), RequestAborted):
        loop.default_exception_handler(context)


@contextmanager
def _ingest(stop: StopFlag) -> Iterator[None]:
    broadcaster = build_broadcaster(twisted_loop)
    broadcaster.start()
    with _thread("ingest", stop, build_engine(broadcaster, stop).run):
        yield
    # The web server has left its loop; what still hangs in there would complain at exit.
    twisted_loop.run_until_complete(cancel_tasks())


def _work(stop: StopFlag) -> None:
    run_worker(stop, time.monotonic, record=record_run)


def _simulate(panels: Mapping[str, SimulatedPanel], stop: StopFlag, since_s: float | None) -> None:
    simulation = Simulation(panels, settings.MQTT_TOPICS, time_zone=settings.TIME_ZONE)
    with Publisher(settings.MQTT_BROKER, "pelbiot-demo-meters", stop=stop) as publisher:
        _wait_for_the_ingest(stop)
        if since_s is not None:
            publish_missed(panels, publisher, since_s, time.time())
        run_rounds(simulation, publisher, stop, interval_s=INTERVAL_S)


def _wait_for_the_ingest(stop: StopFlag) -> None:
    """The broker keeps nothing for who has never subscribed."""
    limit_s = time.monotonic() + INGEST_LIMIT_S
    while not connection_state()["connected"] and time.monotonic() < limit_s:
        if stop.wait(0.1):
            return


def publish_missed(
    panels: Mapping[str, SimulatedPanel], destination: Destination, since_s: float, now_s: float
) -> None:
    """What was measured while the other parts were started, with the times of that."""
    late = Simulation(panels, settings.MQTT_TOPICS, time_zone=settings.TIME_ZONE, timestamps=True)
    moment_s = since_s
    while moment_s < now_s - INTERVAL_S / 2:
        for publication in late.round(moment_s):
            destination.publish(publication.topic, publication.payload)
        moment_s += INTERVAL_S


@contextmanager
def _thread(name: str, stop: StopFlag, work: Callable[[], None]) -> Iterator[None]:
    """Work that runs beside the web server; at the end all are told to stop, and it is waited for.

    Also where the end is a Ctrl-C before the web server runs: nobody else would set the flag then.
    """

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run, name=name)
    try:
        thread.start()
        yield
    finally:
        stop.set()
        if thread.ident is not None:
            thread.join(timeout=15)
