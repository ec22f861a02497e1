"""Readings for Prometheus: text and OpenMetrics, sharded, with the time of each poll."""

from netwatch.exposition.delivery import DeliveryFigures, PathFigures
from netwatch.exposition.own import SelfMetrics
from netwatch.exposition.probe import probe, probe_device
from netwatch.exposition.reference import reference
from netwatch.exposition.render import CONTENT_TYPE_OPENMETRICS, CONTENT_TYPE_TEXT, Renderer, render
from netwatch.exposition.shards import Shard, parse_shard, sd_targets, shards

__all__ = [
    "CONTENT_TYPE_OPENMETRICS",
    "CONTENT_TYPE_TEXT",
    "DeliveryFigures",
    "PathFigures",
    "Renderer",
    "SelfMetrics",
    "Shard",
    "parse_shard",
    "probe",
    "probe_device",
    "reference",
    "render",
    "sd_targets",
    "shards",
]
