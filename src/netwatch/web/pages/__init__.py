"""Pages: functions from plain values to HTML."""

from netwatch.web.pages.alerts import alerts_page
from netwatch.web.pages.device import DeviceDetail, device_page, readings_page
from netwatch.web.pages.devices import PAGE_SIZE, devices_page
from netwatch.web.pages.incidents import incident_page, link_page, link_used_page
from netwatch.web.pages.layout import Frame
from netwatch.web.pages.lists import last_page
from netwatch.web.pages.overview import overview_page, school_page
from netwatch.web.pages.services import services_page
from netwatch.web.pages.status import error_page, status_page
from netwatch.web.pages.where import Place, Search, where_page

__all__ = [
    "PAGE_SIZE",
    "DeviceDetail",
    "Frame",
    "Place",
    "Search",
    "alerts_page",
    "device_page",
    "devices_page",
    "error_page",
    "incident_page",
    "last_page",
    "link_page",
    "link_used_page",
    "overview_page",
    "readings_page",
    "school_page",
    "services_page",
    "status_page",
    "where_page",
]
