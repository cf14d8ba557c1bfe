from meters.models.ingest import (
    IngestCheckpoint,
    IngestCheckpointPage,
    IngestWorker,
    RejectedMessage,
)
from meters.models.panel import Panel
from meters.models.rollup import (
    DirtyRange,
    RollupState,
    TrendDay,
    TrendHour,
    TrendMinute,
    TrendQuarter,
    VoltageTenMinutes,
)
from meters.models.trend import Trend

__all__ = [
    "DirtyRange",
    "IngestCheckpoint",
    "IngestCheckpointPage",
    "IngestWorker",
    "Panel",
    "RejectedMessage",
    "RollupState",
    "Trend",
    "TrendDay",
    "TrendHour",
    "TrendMinute",
    "TrendQuarter",
    "VoltageTenMinutes",
]
