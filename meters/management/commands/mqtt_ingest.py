"""`manage.py mqtt_ingest`: from the broker to the database, for ever."""

import logging
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor

from meters.ingest.assembly import (
    build_broadcaster,
    build_engine,
    client_id_lock,
    warn_of_spools_left_behind,
)
from meters.ingest.broadcast import LoopThread
from meters.ingest.spool import SpoolError
from meters.management.stopping import StopFlag
from meters.mqtt.connection import NetworkThreadDiedError

logger = logging.getLogger(__name__)

STAND_BY_S = 5.0


class Command(BaseCommand):
    help = (
        "Receive readings over MQTT and store them. Runs until SIGTERM or Ctrl-C, finishes the batch "
        "in hand and exits 0. An unreachable broker or database is waited for."
    )
    requires_migrations_checks = False  # the database may be away; see _warn_of_migrations

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.MQTT_BROKER.public:
            logger.warning(
                "%s is a public test broker: everyone can read along and publish as your panels",
                settings.MQTT_BROKER,
            )
        if settings.MQTT_SHARE_GROUP and not settings.MQTT_CLIENT_ID_IS_SET:
            logger.warning(
                "MQTT_SHARE_GROUP is set and MQTT_CLIENT_ID is not: each member needs one of its own,"
                " a second ingest with this one only stands by"
            )
        _warn_of_migrations()
        with StopFlag.on_signals() as stop:
            _ingest_or_stand_by(stop)


def _ingest_or_stand_by(stop: StopFlag) -> None:
    standing_by = False
    while not stop.is_set():
        with client_id_lock(settings.MQTT_CLIENT_ID, settings.STATE_DIR) as mine:
            if mine:
                _ingest(stop)
                return
        if not standing_by:
            logger.info(
                "another ingest runs as %s on this machine: standing by to take over",
                settings.MQTT_CLIENT_ID,
            )
            standing_by = True
        stop.wait(STAND_BY_S)


def _ingest(stop: StopFlag) -> None:
    warn_of_spools_left_behind()
    live = LoopThread()
    broadcaster = build_broadcaster(live.loop)
    live.start()
    broadcaster.start()
    try:
        build_engine(broadcaster, stop).run()
    except NetworkThreadDiedError as error:
        raise CommandError(f"{error}: start mqtt_ingest again") from None
    except SpoolError as error:
        raise CommandError(f"{error}: set SPOOL_PATH to a folder that can be written") from None
    finally:
        broadcaster.stop()
        live.stop()
        logger.info("stopped; what is not stored is in the spool or still at the broker")


def _warn_of_migrations() -> None:
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            logger.warning("the database is not up to date: run manage.py migrate")
    except (DatabaseError, InterfaceError) as error:
        logger.warning("the database is away (%s): readings wait at the broker", error)
        connection.close()
