"""Which of the documents that profiles recognise a device by are answered over HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from netwatch.errors import WireAuthError, WireError
from netwatch.model import TOKEN, HttpRequest, Target
from netwatch.wire import DocumentReader

__all__ = ["answering", "host_of"]


async def answering(
    documents: DocumentReader | None, target: Target, requests: Iterable[HttpRequest], problems: list[str]
) -> set[HttpRequest]:
    """What went wrong is added to `problems`. WireError if HTTP is the only way to the device, and shut."""
    found: set[HttpRequest] = set()
    refusals: list[WireError] = []
    if documents is None or target.http is None:
        return found
    for request in sorted(requests, key=lambda one: (one.path, one.headers)):
        if not target.http.token and any(TOKEN in value for _, value in request.headers):
            continue  # there is nothing to show at that door
        try:
            if await documents.has(request):
                found.add(request)
        except WireAuthError as error:
            refusals.append(error)  # another API may take the same credentials in another way
        except WireError as error:
            refusals.append(error)
            break  # the others will not be answered either
    if refusals and not found:
        if target.snmp is None:
            raise refusals[0]
        problems += [str(error) for error in refusals]
    return found


def host_of(target: Target) -> str:
    """The host that is asked over HTTP; empty for none."""
    if target.http is None:
        return ""
    try:
        return urlsplit(target.http.base_url).hostname or ""
    except ValueError:
        return ""
