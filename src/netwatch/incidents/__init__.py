"""The life of an incident: who is told of it, when, who looks after it, and what hides it. Pure."""

from netwatch.incidents.case import (
    Acknowledgement,
    Case,
    IncidentState,
    Standing,
    decode_case,
    encode_case,
    series_of,
    standing_of,
)
from netwatch.incidents.damping import Damping, Flaps
from netwatch.incidents.desk import DeskState, Event, Look, acknowledge, look
from netwatch.incidents.handover import Handover, handover_text, handovers
from netwatch.incidents.links import Link, LinkError, make_token, read_token
from netwatch.incidents.load import (
    SilenceEntry,
    SilenceFile,
    decode_silence,
    encode_silence,
    load_silences,
    silence_of,
)
from netwatch.incidents.noise import Noise, Told, noise
from netwatch.incidents.policy import (
    EVERYBODY,
    Audience,
    Escalation,
    Policy,
    QuietHours,
    Urgency,
)
from netwatch.incidents.rota import MadeSwap, Rota, Shift, Swap
from netwatch.incidents.silence import Matcher, Silence, Subject, silencing

__all__ = [
    "EVERYBODY",
    "Acknowledgement",
    "Audience",
    "Case",
    "Damping",
    "DeskState",
    "Escalation",
    "Event",
    "Flaps",
    "Handover",
    "IncidentState",
    "Link",
    "LinkError",
    "Look",
    "MadeSwap",
    "Matcher",
    "Noise",
    "Policy",
    "QuietHours",
    "Rota",
    "Shift",
    "Silence",
    "SilenceEntry",
    "SilenceFile",
    "Standing",
    "Subject",
    "Swap",
    "Told",
    "Urgency",
    "acknowledge",
    "decode_case",
    "decode_silence",
    "encode_case",
    "encode_silence",
    "handover_text",
    "handovers",
    "load_silences",
    "look",
    "make_token",
    "noise",
    "read_token",
    "series_of",
    "silence_of",
    "silencing",
    "standing_of",
]
