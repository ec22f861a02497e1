"""The vocabulary that every room shares: values that validate themselves, and protocols between rooms."""

from netwatch.model.access import (
    HttpAccess,
    Reachability,
    ReachabilityMethod,
    SipAccess,
    SnmpAccess,
    SnmpVersion,
    SshAccess,
    Target,
    UsmAuth,
    UsmPrivacy,
)
from netwatch.model.alert import Alert, AlertState, Transition
from netwatch.model.block import Block, BlockLayout, BlockSeries, BlockSubject
from netwatch.model.catalogue import Catalogue, Family, FamilyType, HistoryPolicy, load_catalogue
from netwatch.model.cost import DeviceCost, TableCost
from netwatch.model.entities import Entities, differences
from netwatch.model.entity import (
    ROOT,
    DeviceKind,
    Entity,
    EntityId,
    EntityKey,
    EntityKind,
    Fact,
    Facts,
    Witness,
    WitnessKind,
)
from netwatch.model.history import (
    CounterBlock,
    GaugeBlock,
    HistoryReader,
    HistoryWriter,
    SeriesHistory,
    percentile,
)
from netwatch.model.http import TOKEN, HttpRequest, Paging, PagingMode
from netwatch.model.identity import (
    AssetJournal,
    AssetSwap,
    AssetTenure,
    IdentityJournal,
    IdentityRecord,
)
from netwatch.model.inventory import Asset, Inventory, InventoryDevice
from netwatch.model.observation import (
    MOST_LABELS,
    Evidence,
    Observation,
    ObservationSink,
    PollFailure,
    Reading,
    Seen,
)
from netwatch.model.place import LocationPattern, Place, PlaceId, PlaceKind, Places, SchoolFacts
from netwatch.model.ranking import Contribution, EvidenceItem, RankedAsset, ReplacementPlan
from netwatch.model.secret import Secret
from netwatch.model.severity import Severity, StateLevel
from netwatch.model.snapshot import Column, Freshness, Snapshot
from netwatch.model.snmp import SnmpValue
from netwatch.model.time import Clock, Instant, SystemClock
from netwatch.model.whereabouts import Sighting, Whereabouts, parse_mac

__all__ = [
    "MOST_LABELS",
    "ROOT",
    "TOKEN",
    "Alert",
    "AlertState",
    "Asset",
    "AssetJournal",
    "AssetSwap",
    "AssetTenure",
    "Block",
    "BlockLayout",
    "BlockSeries",
    "BlockSubject",
    "Catalogue",
    "Clock",
    "Column",
    "Contribution",
    "CounterBlock",
    "DeviceCost",
    "DeviceKind",
    "Entities",
    "Entity",
    "EntityId",
    "EntityKey",
    "EntityKind",
    "Evidence",
    "EvidenceItem",
    "Fact",
    "Facts",
    "Family",
    "FamilyType",
    "Freshness",
    "GaugeBlock",
    "HistoryPolicy",
    "HistoryReader",
    "HistoryWriter",
    "HttpAccess",
    "HttpRequest",
    "IdentityJournal",
    "IdentityRecord",
    "Instant",
    "Inventory",
    "InventoryDevice",
    "LocationPattern",
    "Observation",
    "ObservationSink",
    "Paging",
    "PagingMode",
    "Place",
    "PlaceId",
    "PlaceKind",
    "Places",
    "PollFailure",
    "RankedAsset",
    "Reachability",
    "ReachabilityMethod",
    "Reading",
    "ReplacementPlan",
    "SchoolFacts",
    "Secret",
    "Seen",
    "SeriesHistory",
    "Severity",
    "Sighting",
    "SipAccess",
    "Snapshot",
    "SnmpAccess",
    "SnmpValue",
    "SnmpVersion",
    "SshAccess",
    "StateLevel",
    "SystemClock",
    "TableCost",
    "Target",
    "Transition",
    "UsmAuth",
    "UsmPrivacy",
    "Whereabouts",
    "Witness",
    "WitnessKind",
    "differences",
    "load_catalogue",
    "parse_mac",
    "percentile",
]
