from meters.models.ingest import (
    IngestCheckpoint,
    IngestCheckpointPage,
    IngestWorker,
    RejectedMessage,
)
from meters.models.job import JobRun
from meters.models.panel import Panel
from meters.models.repair import ReadingRepair
from meters.models.rollup import (
    DirtyRange,
    RollupState,
    TrendDay,
    TrendHour,
    TrendMinute,
    TrendQuarter,
    VoltageTenMinutes,
)
from meters.models.tariff import Tariff, TariffAssignment, TariffVersion
from meters.models.tariff_parts import Holiday, TariffPeriod, TariffSurcharge
from meters.models.trend import Trend

__all__ = [
    "DirtyRange",
    "Holiday",
    "IngestCheckpoint",
    "IngestCheckpointPage",
    "IngestWorker",
    "JobRun",
    "Panel",
    "ReadingRepair",
    "RejectedMessage",
    "RollupState",
    "Tariff",
    "TariffAssignment",
    "TariffPeriod",
    "TariffSurcharge",
    "TariffVersion",
    "Trend",
    "TrendDay",
    "TrendHour",
    "TrendMinute",
    "TrendQuarter",
    "VoltageTenMinutes",
]
