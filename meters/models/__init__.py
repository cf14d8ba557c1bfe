from meters.models.ingest import (
    IngestCheckpoint,
    IngestCheckpointPage,
    IngestWorker,
    RejectedMessage,
)
from meters.models.panel import Panel
from meters.models.trend import Trend

__all__ = [
    "IngestCheckpoint",
    "IngestCheckpointPage",
    "IngestWorker",
    "Panel",
    "RejectedMessage",
    "Trend",
]
