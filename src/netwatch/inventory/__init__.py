"""What people enter of their gear: places, devices, assets, from YAML and CSV."""

from netwatch.inventory.devices import weak_serial
from netwatch.inventory.load import LoadedInventory, load_inventory, read_inventory
from netwatch.inventory.models import (
    AssetEntry,
    DeviceEntry,
    InventoryFile,
    PlaceEntry,
    SysLocationEntry,
)

__all__ = [
    "AssetEntry",
    "DeviceEntry",
    "InventoryFile",
    "LoadedInventory",
    "PlaceEntry",
    "SysLocationEntry",
    "load_inventory",
    "read_inventory",
    "weak_serial",
]
