"""The desk of incidents over the store: what people and time do to alerts, kept and told."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence

import structlog

from netwatch.app.oncall import OnCall
from netwatch.calendars import Calendar, Calendars
from netwatch.documents import Document, validate
from netwatch.errors import ConfigError, Problem, StoreError
from netwatch.incidents import (
    Case,
    DeskState,
    Event,
    Flaps,
    Handover,
    IncidentState,
    LinkError,
    Look,
    MadeSwap,
    Noise,
    Policy,
    Shift,
    Silence,
    SilenceEntry,
    Standing,
    Subject,
    Told,
    acknowledge,
    decode_case,
    decode_silence,
    encode_case,
    encode_silence,
    look,
    noise,
    read_token,
    silence_of,
    standing_of,
)
from netwatch.model import Alert, AlertState, Clock, PlaceId, Reason, Snapshot, Transition
from netwatch.store import Store, StoredFlaps

__all__ = ["Desk", "subject_of"]


def subject_of(alert: Alert, snapshot: Snapshot | None) -> Subject | None:
    """What silences know an alert's device by; None as long as nobody knows the device."""
    if snapshot is None:
        return None
    inventory = snapshot.inventory
    entity = snapshot.entities.get(alert.device)
    name = entity.name if entity is not None else alert.labels.get("device", "")
    entry = inventory.devices.get(name)
    if entity is None and entry is None:
        return None
    facts = {} if entity is None else entity.facts
    place = PlaceId(str(facts.get("place", ""))) or (None if entry is None else entry.place)
    places = {str(node.id) for node in inventory.places.path(place)}
    places |= {text for text in (str(facts.get("site", "")), alert.labels.get("site", "")) if text}
    return Subject(
        name,
        frozenset(places),
        frozenset() if entry is None else frozenset(entry.tags),
        bool(facts.get("life_safety")) or (entry is not None and entry.life_safety),
    )


class Desk:
    """One per daemon. Synchronous; every method leaves store and memory in step or changes neither.

    `open_alerts` gives what is pending or firing, `changed` is called after a person did something.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        open_alerts: Callable[[], Mapping[str, Alert]],
        changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._open = open_alerts
        self._changed = changed
        self._base = self._policy = Policy()
        self._calendars: Calendars | None = None
        self._planned: tuple[Silence, ...] = ()
        self._key: bytes | None = None
        self._log = structlog.get_logger("netwatch.alerts")
        self._made = self._load_silences()
        self._on_call = OnCall(store, clock)
        self._state = DeskState(self._load_cases(), {k: Flaps(*one) for k, one in store.desk.flaps().items()})
        self._touched: dict[str, None] | None = None
        """In order; None: everything."""

    def configure(
        self,
        policy: Policy,
        planned: Iterable[Silence],
        key: bytes | None,
        calendars: Calendars | None = None,
    ) -> None:
        """Another policy and other silences of files; `key` is that of links, None where there are none;
        `calendars` are those of the schools, for quiet times."""
        self._calendars = calendars
        self._base, self._planned, self._key = policy, tuple(planned), key
        self._policy = self._on_call.into(policy)
        self._touched = None

    @property
    def policy(self) -> Policy:
        return self._policy

    def due(self) -> float | None:
        """Wall second at which something is to be told even if nothing happens; None for never."""
        return self._state.due()

    def look(self, transitions: Sequence[Transition], snapshot: Snapshot | None) -> Look:
        """What is to be told by now. Nothing is changed before `write` and `adopt`."""
        if self._touched is not None:
            self._touched.update((one.alert.id, None) for one in transitions)
        ended = [one.alert for one in transitions if one.alert.state is AlertState.RESOLVED]
        now = self._clock.now().wall
        return look(
            self._state,
            self._open(),
            ended,
            subject_of=lambda alert: subject_of(alert, snapshot),
            policy=self._policy,
            silences=[one for one in self._all() if not one.over(now)],
            now=now,
            touched=self._touched,
            calendar_of=lambda alert: self._calendar_of(alert, snapshot),
        )

    def _calendar_of(self, alert: Alert, snapshot: Snapshot | None) -> Calendar | None:
        if self._calendars is None or snapshot is None:
            return None
        entity = snapshot.entities.get(alert.device)
        place = "" if entity is None else str(entity.facts.get("place", ""))
        return self._calendars.at(PlaceId(place) if place else None, snapshot.inventory.places)

    def write(self, found: Look) -> None:
        """Keeps what a look came to; part of a transaction. Raises StoreError."""
        if found.changed or found.closed:
            bodies = {case.alert: encode_case(case) for case in found.changed}
            self._store.desk.save_cases(bodies, found.closed)
        if found.flaps:
            self._store.desk.save_flaps(
                {key: None if one is None else StoredFlaps(*_plain(one)) for key, one in found.flaps.items()}
            )
        self._store.incidents.note((event.alert, event.at, event.text) for event in found.events)
        self._store.desk.add_tellings(
            (found.state.looked, recipient, notice.alert.id, notice.alert.rule)
            for notice in found.notices
            if notice.reason is not Reason.ENDED
            for recipient in self._policy.recipients(notice)
        )

    def adopt(self, found: Look) -> None:
        """That is on disk now: the next look goes on from there."""
        self._state = found.state
        self._touched = {}

    # What people ask and do.

    def standings(self, alerts: Iterable[Alert]) -> dict[str, Standing]:
        """By id of the alert."""
        return {alert.id: standing_of(alert, self._state.cases.get(alert.id)) for alert in alerts}

    def history(self, alert_id: str) -> tuple[Alert, Sequence[Event]] | None:
        """An alert, open or past, with its timeline; None for an unknown id. Raises StoreError."""
        alert = self._open().get(alert_id) or self._store.incidents.find(alert_id)
        if alert is None:
            return None
        return alert, [
            Event(alert_id, entry.at, entry.note)
            if entry.previous is entry.state and entry.note
            else Event(alert_id, entry.at, entry.state.value + (f", {entry.note}" if entry.note else ""))
            for entry in self._store.incidents.timeline(alert_id)
        ]

    def acknowledge(self, alert_id: str, by: str, note: str = "") -> Standing | None:
        """None if no such alert fires. Raises StoreError."""
        alert = self._open().get(alert_id)
        if alert is None or alert.state is not AlertState.FIRING:
            return None
        state, case, event = acknowledge(self._state, alert, by, self._clock.now().wall, note)
        with self._store.transaction():
            self._store.desk.save_cases({alert_id: encode_case(case)})
            self._store.incidents.note([(event.alert, event.at, event.text)])
            self._store.desk.acknowledged(alert_id, event.at)
        self._state = state
        if self._touched is not None:
            self._touched[alert_id] = None
        self._changed()
        return standing_of(alert, self._state.cases.get(alert_id))

    def silences(self) -> Sequence[Silence]:
        """Those that are on or will be, planned ones first."""
        now = self._clock.now().wall
        return [one for one in self._all() if not one.over(now)]

    def add_silence(self, wanted: Mapping[str, object], by: str) -> Silence:
        """From a mapping with the keys of a file of silences, without its name. Raises ConfigError for what
        is wrong with it, StoreError."""
        number = secrets.token_hex(3)
        document = Document("", {**wanted, "silence": f"s-{number}"}, "")
        entry = validate(SilenceEntry, document)
        now = self._clock.now().wall
        try:
            made = silence_of(entry, self._policy.timezone, now=now, by=by)
        except ValueError as error:
            raise ConfigError([Problem("", "ends", str(error))]) from None
        if made.over(now):
            raise ConfigError([Problem("", "ends", "it is over already")])
        self._store.desk.add_silence(made.id, json.dumps(encode_silence(made)))
        self._made[made.id] = made
        self._everything()
        return made

    def end_silence(self, silence_id: str) -> bool:
        """Returns whether there was one that people may end here. Raises StoreError."""
        if silence_id not in self._made:
            return False
        self._store.desk.end_silence(silence_id, self._clock.now().wall)
        del self._made[silence_id]
        self._everything()
        return True

    def on_call(self) -> Sequence[tuple[str, str]]:
        """(rota, person) of this moment."""
        now = self._clock.now().wall
        return [(name, rota.on_call(now)) for name, rota in self._policy.rotas.items()]

    def shifts(self) -> Sequence[Shift]:
        """Who is on call, until when, and who is after that."""
        now = self._clock.now().wall
        found = []
        for name, rota in self._policy.rotas.items():
            until, then = rota.hands_over(now) or (None, "")
            found.append(Shift(name, rota.on_call(now), until, then))
        return found

    def swaps(self) -> Sequence[MadeSwap]:
        """Those made at run time that are on or will be."""
        return self._on_call.swaps()

    def add_swap(self, wanted: Mapping[str, object], by: str) -> MadeSwap:
        """From a mapping with `person`, `ends`, and perhaps `rota` and `starts`. Raises ConfigError for what
        is wrong with it, StoreError."""
        made = self._on_call.add(wanted, by, self._base)
        self._policy = self._on_call.into(self._base)
        self._everything()
        return made

    def end_swap(self, swap_id: str) -> bool:
        """Takes one back that was made at run time; whether there was one. Raises StoreError."""
        if not self._on_call.end(swap_id):
            return False
        self._policy = self._on_call.into(self._base)
        self._everything()
        return True

    def handovers(self) -> Sequence[Handover]:
        """Rotas that somebody else is on call for since the last `adopt_handovers`."""
        return self._on_call.changes(self._policy, self._clock.now().wall)

    def write_handovers(self, found: Sequence[Handover]) -> None:
        """Part of a transaction. Raises StoreError."""
        self._on_call.write(found, self._clock.now().wall)

    def adopt_handovers(self, found: Sequence[Handover]) -> None:
        """That is on disk now."""
        self._on_call.adopt(found)

    def noise(self, seconds: float) -> Noise:
        """What people were told in so many seconds up to now. Raises StoreError."""
        now = self._clock.now().wall
        told = [Told(*one) for one in self._store.desk.tellings(now - seconds)]
        return noise(told, now - seconds, now + 1.0)

    def follow(self, token: str) -> tuple[Alert, Standing, str]:
        """(alert, where it stands, whom the link was sent to) of a link that is still good. Changes nothing.

        Raises LinkError with words for the person, StoreError.
        """
        if self._key is None:
            raise LinkError("This netwatch sends no links.")
        link = read_token(self._key, token, self._clock.now().wall)
        found = self.history(link.alert)
        if found is None:
            raise LinkError("This alert is not known any more.")
        alert = found[0]
        if self._store.desk.link_used(link.nonce):
            raise LinkError("This link was used before: it is good for one time.")
        return alert, standing_of(alert, self._state.cases.get(alert.id)), link.to

    def use(self, token: str) -> tuple[Alert, Standing]:
        """Acknowledges the one alert of a link, which is good for nothing after that. Raises as `follow`."""
        alert, standing, to = self.follow(token)
        if standing.state in (IncidentState.RESOLVED, IncidentState.PENDING):
            raise LinkError("This alert has ended: there is nothing left to acknowledge.")
        assert self._key is not None
        link = read_token(self._key, token, self._clock.now().wall)
        with self._store.transaction():
            if not self._store.desk.use_link(link.nonce, link.expires):
                raise LinkError("This link was used before: it is good for one time.")
            done = self.acknowledge(alert.id, f"link to {to}")
        return alert, done or standing

    def forget(self, before: float) -> None:
        """Of silences and links what ended before that wall second. Raises StoreError."""
        self._store.desk.forget(before)
        self._store.on_call.forget(before)

    def _everything(self) -> None:
        self._touched = None
        self._changed()

    def _all(self) -> list[Silence]:
        return [*self._planned, *self._made.values()]

    def _load_cases(self) -> dict[str, Case]:
        out = {}
        for alert, body in self._store.desk.cases().items():
            try:
                out[alert] = decode_case(body)
            except StoreError as error:  # who was told is not known then: they are told once more
                self._log.error("a case in the store is left out", alert=alert, error=str(error))
        return out

    def _load_silences(self) -> dict[str, Silence]:
        out = {}
        for number, body in self._store.desk.silences().items():
            try:
                out[number] = decode_silence(json.loads(body))
            except (ValueError, KeyError, TypeError) as error:
                # What hides alerts and can't be read hides none.
                self._log.error("a silence in the store can't be read", silence=number, error=repr(error))
        return out


def _plain(flaps: Flaps) -> tuple[float, float, bool]:
    return flaps.penalty, flaps.at, flaps.damped
