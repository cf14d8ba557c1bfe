"""What `/api/mqtt/status` answers: all ingest workers together, then each."""

from typing import Any

from django.conf import settings

from meters.live import iso
from meters.models import IngestWorker


def mqtt_status() -> dict[str, Any]:
    """Counters are summed over the workers that live; of none, they are those of nobody: 0."""
    workers = list(IngestWorker.objects.all())
    fresh = [worker for worker in workers if worker.is_fresh]
    connected = [worker for worker in fresh if worker.connected]
    shown = next(iter(connected or fresh or workers), None)
    last_messages = [worker.last_message for worker in fresh if worker.last_message]
    return {
        "connected": bool(connected),
        "clientId": shown.client_id if shown else settings.MQTT_CLIENT_ID,
        "broker": str(settings.MQTT_BROKER),
        "subscriptions": settings.MQTT_TOPICS.filters,
        "messageCount": sum(worker.received for worker in fresh),
        "messageRate": round(sum(worker.message_rate for worker in fresh), 2),
        "bufferSize": sum(worker.in_memory for worker in fresh),
        "spoolSize": sum(worker.spooled for worker in fresh),
        "errorCount": sum(worker.error_count for worker in fresh),
        "connectedSince": min((iso(w.connected_since) or "" for w in connected), default=None),
        "lastMessage": max(last_messages, key=lambda message: message["timestamp"], default=None),
        "workers": [_worker(worker) for worker in workers],
    }


def _worker(worker: IngestWorker) -> dict[str, Any]:
    return {
        "clientId": worker.client_id,
        "alive": worker.is_fresh,
        "connected": worker.connected and worker.is_fresh,
        "connectedSince": iso(worker.connected_since),
        "protocol": worker.protocol,
        "startedAt": iso(worker.started_at),
        "heartbeatAt": iso(worker.heartbeat_at),
        "received": worker.received,
        "stored": worker.stored,
        "duplicate": worker.duplicate,
        "rejected": worker.rejected,
        "spooled": worker.spooled,
        "inMemory": worker.in_memory,
        "messageRate": worker.message_rate,
        "lastError": worker.last_error,
    }
