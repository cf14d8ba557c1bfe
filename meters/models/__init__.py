from meters.models.ingest import IngestWorker, RejectedMessage
from meters.models.panel import Panel
from meters.models.trend import Trend

__all__ = ["IngestWorker", "Panel", "RejectedMessage", "Trend"]
