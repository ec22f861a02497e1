"""The built-in page, the API and /metrics over HTTP: users, roles, and a guard in front of all of it."""

from netwatch.web.application import AUTHENTICATOR, build_app
from netwatch.web.audit import AuditEvent, AuditSink, audit_to_log, audit_to_stream
from netwatch.web.auth import Auth, Role, TlsFiles, User, is_loopback, load_web_file
from netwatch.web.providers import ChannelState, Providers, ReloadResult
from netwatch.web.server import WebServer

__all__ = [
    "AUTHENTICATOR",
    "AuditEvent",
    "AuditSink",
    "Auth",
    "ChannelState",
    "Providers",
    "ReloadResult",
    "Role",
    "TlsFiles",
    "User",
    "WebServer",
    "audit_to_log",
    "audit_to_stream",
    "build_app",
    "is_loopback",
    "load_web_file",
]
