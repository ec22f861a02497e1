"""What people enter of their gear: places, devices, assets, from YAML and CSV."""

from netwatch.inventory.check import (
    Checked,
    Checker,
    Finding,
    FittingChecker,
    check_configuration,
    closure_problems,
    read_calendars,
)
from netwatch.inventory.devices import weak_serial
from netwatch.inventory.importing import AssetImport, KnownModels, import_assets
from netwatch.inventory.load import LoadedInventory, load_inventory, read_inventory
from netwatch.inventory.models import (
    AssetEntry,
    DeviceEntry,
    InventoryFile,
    PlaceEntry,
    SysLocationEntry,
)
from netwatch.inventory.netbox import import_netbox

__all__ = [
    "AssetEntry",
    "AssetImport",
    "Checked",
    "Checker",
    "DeviceEntry",
    "Finding",
    "FittingChecker",
    "InventoryFile",
    "KnownModels",
    "LoadedInventory",
    "PlaceEntry",
    "SysLocationEntry",
    "check_configuration",
    "closure_problems",
    "import_assets",
    "import_netbox",
    "load_inventory",
    "read_calendars",
    "read_inventory",
    "weak_serial",
]
