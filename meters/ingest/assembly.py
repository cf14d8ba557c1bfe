"""Puts an engine together from the settings: the same for `mqtt_ingest` and for the demo."""

import asyncio
import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from channels.layers import get_channel_layer
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from meters.ingest.broadcast import Broadcaster
from meters.ingest.engine import Engine
from meters.ingest.heartbeat import Heartbeat
from meters.ingest.keep import Keeper
from meters.ingest.receive import Inbox
from meters.ingest.sample import Sampler
from meters.ingest.spool import Spool, file_name, left_behind, spool_file
from meters.ingest.store import Store
from meters.management.stopping import Stop
from meters.models import IngestWorker
from meters.mqtt.connection import BrokerConnection
from meters.mqtt.link import ConnectionSettings

logger = logging.getLogger(__name__)


def connection_settings() -> ConnectionSettings:
    return ConnectionSettings(
        broker=settings.MQTT_BROKER,
        client_id=settings.MQTT_CLIENT_ID,
        filters=settings.MQTT_TOPICS.filters,
        qos=settings.MQTT_QOS,
        keepalive_s=settings.MQTT_KEEPALIVE,
        share_group=settings.MQTT_SHARE_GROUP,
        former=_former_subscriptions(settings.MQTT_CLIENT_ID),
    )


def _former_subscriptions(client_id: str) -> tuple[str, ...]:
    """Those of the last run as this client, as far as the database tells just now."""
    try:
        row = IngestWorker.objects.filter(client_id=client_id).first()
    except (DatabaseError, InterfaceError):
        connection.close()
        return ()
    return tuple(row.subscriptions) if row else ()


def build_broadcaster(loop: asyncio.AbstractEventLoop) -> Broadcaster:
    layer = get_channel_layer()
    assert layer is not None
    return Broadcaster(layer, loop, topics=settings.MQTT_TOPICS, source=settings.MQTT_CLIENT_ID)


def build_keeper(client_id: str, heartbeat: Heartbeat) -> Keeper:
    store = Store(
        client_id,
        auto_register=settings.MQTT_AUTO_REGISTER,
        max_panels=settings.MQTT_MAX_PANELS,
        rejected_keep=settings.MQTT_REJECTED_KEEP,
    )
    spool = Spool(spool_file(settings.SPOOL_PATH, client_id), max_mb=settings.SPOOL_MAX_MB)
    return Keeper(store, spool, Sampler(settings.MQTT_TOPICS), heartbeat)


def build_engine(broadcaster: Broadcaster, stop: Stop) -> Engine:
    """The engine as the settings want it, not running yet."""
    wanted = connection_settings()
    inbox, heartbeat = Inbox(), Heartbeat(wanted)
    broker = BrokerConnection(wanted, inbox, on_status=lambda status: None)
    engine = Engine(
        inbox=inbox,
        sampler=Sampler(settings.MQTT_TOPICS),
        keeper=build_keeper(wanted.client_id, heartbeat),
        connection=broker,
        audience=broadcaster,
        heartbeat=heartbeat,
        stop=stop,
    )
    broker.on_status = engine.status_changed
    return engine


def warn_of_spools_left_behind() -> None:
    """Readings that an ingest of another client id has acknowledged and not stored."""
    own = spool_file(settings.SPOOL_PATH, settings.MQTT_CLIENT_ID)
    for path, messages in left_behind(own):
        logger.warning(
            "the spool %s holds %d readings, and no ingest runs with it: start one with the"
            " MQTT_CLIENT_ID it was written by",
            path,
            messages,
        )


@contextmanager
def client_id_lock(client_id: str, state_dir: Path) -> Iterator[bool]:
    """Whether this process may use `client_id`: two that did would throw each other off the broker
    for ever. The operating system lifts the lock with the process, also after kill -9."""
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / f"ingest-{file_name(client_id)}.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
