"""History: five-minute values kept for years, in append-only columnar files."""

from netwatch.history.recorder import Recorder
from netwatch.history.store import SegmentStore
from netwatch.history.windows import Mask, SeriesPercentile
from netwatch.model import percentile

__all__ = ["Mask", "Recorder", "SegmentStore", "SeriesPercentile", "percentile"]
