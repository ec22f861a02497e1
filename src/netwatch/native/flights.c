/* Chains of GETs to many agents at once: the compiled twin of netwatch.wire.snmp.flights_pure.
 *
 * A flight asks one GET after the other; the answer to one is checked, written into the caller's arrays and
 * followed by the next within the same turn of the event loop. The interface is netwatch.native.flights.
 * No call here waits, and none lets the GIL go: beside a busy thread, getting it back took seconds. */
#include "questions.h"
#include "flights.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define LEAST_ID 0x800000u /* smaller ones are no four octets in DER */

/* ---- open ids */

static Entry *entry_find(const Engine *e, uint32_t id) {
    for (uint32_t at = id & e->mask; e->table[at].id; at = (at + 1) & e->mask)
        if (e->table[at].id == id) return &e->table[at];
    return NULL;
}

bool flights_await(const Engine *e, uint32_t id) { return entry_find(e, id) != NULL; }

static void entry_put(Engine *e, uint32_t id, uint32_t slot) {
    uint32_t at = id & e->mask;
    while (e->table[at].id) at = (at + 1) & e->mask;
    e->table[at] = (Entry){id, slot};
    e->used++;
}

static void entry_remove(Engine *e, uint32_t id) {
    Entry *found = entry_find(e, id);
    if (!found) return;
    uint32_t hole = (uint32_t)(found - e->table), at = hole;
    for (;;) { /* what was put behind for want of this place moves up */
        at = (at + 1) & e->mask;
        if (!e->table[at].id) break;
        uint32_t home = e->table[at].id & e->mask;
        if (((at - home) & e->mask) >= ((at - hole) & e->mask)) {
            e->table[hole] = e->table[at];
            hole = at;
        }
    }
    e->table[hole].id = 0;
    e->used--;
}

int flights_grow(Engine *e) {
    uint32_t size = e->table ? (e->mask + 1) * 2 : 1024;
    Entry *old = e->table, *fresh = PyMem_Calloc(size, sizeof *fresh);
    if (!fresh) {
        PyErr_NoMemory();
        return -1;
    }
    uint32_t places = old ? e->mask + 1 : 0;
    e->table = fresh;
    e->mask = size - 1;
    e->used = 0;
    for (uint32_t i = 0; i < places; i++)
        if (old[i].id) entry_put(e, old[i].id, old[i].slot);
    PyMem_Free(old);
    return 0;
}

uint32_t flights_id(Engine *e) {
    for (;;) {
        if (e->drawn == POOL) {
            PyObject *bytes = PyObject_CallFunction(e->random, "i", (int)sizeof e->pool);
            char *octets;
            Py_ssize_t size;
            if (!bytes) return 0;
            if (PyBytes_AsStringAndSize(bytes, &octets, &size) < 0 || size != (Py_ssize_t)sizeof e->pool) {
                Py_DECREF(bytes);
                if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "random() gave too few octets");
                return 0;
            }
            memcpy(e->pool, octets, sizeof e->pool);
            e->drawn = 0;
            Py_DECREF(bytes);
        }
        uint32_t id = ntohl(e->pool[e->drawn++]) & 0x7FFFFFFFu;
        if (id >= LEAST_ID && !entry_find(e, id)) return id;
    }
}

/* ---- life of a flight */

static void close_ids(Engine *e, Flight *f) {
    for (uint32_t i = 0; i < f->tried; i++) entry_remove(e, f->ids[i]);
    f->tried = 0;
}

void flight_rest(Engine *e, Flight *f) {
    e->aloft -= f->aloft;
    f->aloft = false;
}

void flight_end(Engine *e, Flight *f) {
    close_ids(e, f);
    flight_rest(e, f);
    e->flying--;
    PyObject *refs[] = {f->token, (PyObject *)f->peer, (PyObject *)f->questions, (PyObject *)f->envelope,
                        f->raw,   f->octets,           f->coded};
    Py_buffer held = f->held;
    bool columns = f->questions != NULL;
    uint32_t slot = f->slot, generation = f->generation + 1;
    memset(f, 0, sizeof *f);
    f->slot = slot;
    f->generation = generation;
    e->vacant[e->vacancies++] = slot;
    if (columns) PyBuffer_Release(&held);
    for (size_t i = 0; i < sizeof refs / sizeof *refs; i++) Py_XDECREF(refs[i]);
}

/* Takes over `event`. */
static int post(Engine *e, PyObject *event) {
    if (!event) return -1;
    int failed = PyList_Append(e->events, event);
    Py_DECREF(event);
    return failed;
}

/* Hands out a datagram that answers the try at `sent`; a trip < 0: it is not known which try. */
static int pause_with(Engine *e, Flight *f, int kind, const uint8_t *d, size_t n, double sent, double now) {
    double trip = f->questions || f->tried == 1 ? now - sent : -1;
    close_ids(e, f);
    if (kind != RAW) flight_rest(e, f);
    f->state = PAUSED;
    return post(e, Py_BuildValue("(iOIy#dd)", kind, f->token, (unsigned)f->pdu, (const char *)d, (Py_ssize_t)n,
                                 sent, trip));
}

int flight_finish(Engine *e, Flight *f) {
    PyObject *event = PyTuple_New(6);
    if (!event) return -1;
    PyObject *items[] = {PyLong_FromLong(DONE),
                         Py_NewRef(f->token),
                         Py_NewRef(f->octets ? f->octets : Py_None),
                         Py_NewRef(f->coded ? f->coded : Py_None),
                         PyFloat_FromDouble(f->slowest),
                         PyLong_FromUnsignedLong(f->via)};
    for (Py_ssize_t i = 0; i < 6; i++) PyTuple_SetItem(event, i, items[i]); /* takes them over */
    flight_end(e, f);
    if (!items[0] || !items[4] || !items[5]) Py_CLEAR(event);
    return post(e, event);
}

int flight_give_up(Engine *e, Flight *f, int kind, int reason) {
    char text[INET6_ADDRSTRLEN] = "";
    if (f->stray.family) inet_ntop(f->stray.family, f->stray.octets, text, sizeof text);
    PyObject *event =
        Py_BuildValue("(iOIisI)", kind, f->token, (unsigned)f->pdu, reason, text, (unsigned)f->stray.port);
    close_ids(e, f);
    flight_rest(e, f);
    f->state = PAUSED;
    return post(e, event);
}

static int flush(Engine *e, int which);

static uint8_t *put_length(uint8_t *to, size_t size) {
    if (size > 0xFF) {
        *to++ = 0x82;
        *to++ = (uint8_t)(size >> 8);
    } else if (size > 0x7F) {
        *to++ = 0x81;
    }
    *to++ = (uint8_t)size;
    return to;
}

static size_t length_size(size_t size) { return size > 0xFF ? 3 : size > 0x7F ? 2 : 1; }

/* The GET number f->pdu with this request-id. It fits: community and tail are bounded. */
static size_t write_get(const Flight *f, uint32_t id, uint8_t *to) {
    const Questions *q = f->questions;
    uint32_t at = q->tail_at[f->pdu];
    size_t tail = q->tail_at[f->pdu + 1] - at, pdu = 6 + tail;
    size_t whole = f->peer->head_size + 1 + length_size(pdu) + pdu;
    uint8_t *begin = to;
    *to++ = 0x30;
    to = put_length(to, whole);
    memcpy(to, f->peer->head, f->peer->head_size);
    to += f->peer->head_size;
    *to++ = 0xA0;
    to = put_length(to, pdu);
    memcpy(to, (uint8_t[]){2, 4, (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id}, 6);
    memcpy(to + 6, q->tails + at, tail);
    return (size_t)(to + 6 - begin) + tail;
}

/* The same as an SNMPv3 message; 0 with an exception set. */
static size_t write_secure(const Flight *f, uint32_t id, double now, uint8_t *to) {
    const Questions *q = f->questions;
    uint8_t room[MOST];
    uint32_t at = q->tail_at[f->pdu];
    size_t size = envelope_ask(f->envelope, id, q->tails + at, q->tail_at[f->pdu + 1] - at, now, room);
    if (size) memcpy(to, room + MOST - size, size);
    else PyErr_SetString(PyExc_RuntimeError, "OpenSSL refuses");
    return size;
}

static const Address *current_host(const Flight *f) {
    return &f->peer->hosts[(f->via + f->tried - 1) % f->peer->targets];
}

int flight_emit(Engine *e, Flight *f, double now) {
    uint32_t id;
    if (f->questions || !f->tried) {
        if ((e->used + 1) * 2 > e->mask && flights_grow(e) < 0) return -1;
    }
    if (f->questions) {
        if (!(id = flights_id(e))) return -1;
    } else {
        id = f->ids[0]; /* the datagram is repeated as it is */
    }
    if (f->questions || !f->tried) entry_put(e, id, f->slot);
    f->ids[f->tried] = id;
    f->sent[f->tried] = now;
    f->deadline = now + f->waits[f->tried];
    f->tried++;
    f->state = AIR;
    const Address *to = current_host(f);
    int which = to->family == AF_INET6;
    Batch *out = &e->out[which];
    if (out->count == BATCH && flush(e, which) < 0) return -1;
    int at = out->count;
    uint8_t *data = out->data + (size_t)at * out->width;
    if (f->envelope) {
        if (!(out->parts[at].iov_len = write_secure(f, id, now, data))) return -1;
    } else if (f->questions) {
        out->parts[at].iov_len = write_get(f, id, data);
    } else {
        char *octets;
        Py_ssize_t size;
        if (PyBytes_AsStringAndSize(f->raw, &octets, &size) < 0) return -1;
        memcpy(data, octets, (size_t)size);
        out->parts[at].iov_len = (size_t)size;
    }
    out->heads[at].msg_hdr.msg_namelen = address_write(to, &out->names[at]);
    out->tags[at] = (uint64_t)f->generation << 32 | f->slot;
    out->count++;
    return 0;
}

static int refuse(Engine *e, Flight *f, int reason, double now) {
    uint32_t most = f->tries < f->peer->targets ? f->tries : f->peer->targets;
    return f->tried < most ? flight_emit(e, f, now) : flight_give_up(e, f, REFUSED, reason);
}

int flights_errors(Engine *e, int which, double now) {
    Address to;
    int reason;
    for (int turn = 0; turn < BATCH && error_next(e->fds[which], &to, &reason); turn++) {
        e->stats[REFUSALS]++;
        if (reason == EMSGSIZE) continue; /* the next try goes in fragments */
        for (uint32_t i = 0; i < e->count; i++) {
            Flight *f = e->flights[i];
            if (f->state != AIR || !f->tried || f->peer->port != to.port) continue;
            if (address_same_host(current_host(f), &to) && refuse(e, f, reason, now) < 0) return -1;
        }
    }
    return 0;
}

static int flush(Engine *e, int which) {
    Batch *out = &e->out[which];
    int done = 0, failures = 0, count = out->count;
    bool again = false;
    uint64_t failed[BATCH];
    int reasons[BATCH];
    double now = 0;
    e->stats[SENT] += (uint64_t)count;
    while (done < count) {
        int sent = sendmmsg(e->fds[which], out->heads + done, (unsigned)(count - done), MSG_DONTWAIT);
        if (sent > 0) {
            done += sent;
            again = false;
            continue;
        }
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) break;
        if (!again) { /* an earlier destination's ICMP error may surface here */
            again = true;
            continue;
        }
        again = false;
        reasons[failures] = errno;
        failed[failures++] = out->tags[done++];
    }
    out->count = 0;
    if (failures) now = monotonic();
    for (int i = 0; i < failures; i++) {
        Flight *f = e->flights[(uint32_t)failed[i]];
        if (f->generation != failed[i] >> 32 || f->state != AIR) continue;
        if (refuse(e, f, reasons[i], now) < 0) return -1;
    }
    return 0;
}

int flights_flush(Engine *e) {
    int failed = 0;
    for (int i = 0; i < 2 && !failed; i++)
        if (e->out[i].count) failed = flush(e, i);
    return failed;
}

/* ---- what comes in */

static bool message_id(const uint8_t *d, size_t n, int64_t *version, int64_t *id, size_t *pos, size_t *end) {
    uint8_t tag;
    size_t start, stop;
    if (!ber_header(d, 0, n, &tag, pos, end) || tag != 0x30 || !ber_integer(d, pos, *end, version)) return false;
    if (!ber_header(d, *pos, *end, &tag, &start, &stop)) return false;
    if (*version == 3) {
        *pos = start;
        return tag == 0x30 && ber_integer(d, pos, stop, id);
    }
    if ((*version != 0 && *version != 1) || tag != 0x04) return false;
    if (!ber_header(d, stop, *end, &tag, pos, end) || tag != 0xA2) return false;
    return ber_integer(d, pos, *end, id);
}

static bool may_answer(const Peer *peer, const Address *from) {
    if (from->port != peer->port) return false;
    for (uint32_t i = 0; i < peer->targets + peer->sources; i++)
        if (address_same_host(&peer->hosts[i], from)) return true;
    return false;
}

/* What stands at d[pos:end] behind the request-id answers the current GET exactly. */
static bool read_plain(Engine *e, Flight *f, const uint8_t *d, size_t pos, size_t end, double moment,
                        uint32_t *found) {
    int64_t status, index;
    uint8_t tag;
    size_t start, stop;
    if (!ber_integer(d, &pos, end, &status) || status || !ber_integer(d, &pos, end, &index)) return false;
    if (!ber_header(d, pos, end, &tag, &start, &stop) || tag != 0x30) return false;
    return questions_decode(f->questions, f->pdu, d, start, stop, f->columns, moment, e->others, found);
}

/* The same of a whole SNMPv3 message, which is decrypted into e->plain. */
static bool read_secure(Engine *e, Flight *f, const uint8_t *d, size_t n, uint32_t id, double now, double moment,
                        uint32_t *found) {
    Opened at;
    return n <= DATAGRAM && envelope_hear(f->envelope, d, n, id, now, e->plain, &at) &&
           questions_decode(f->questions, f->pdu, e->plain, at.start, at.stop, f->columns, moment, e->others, found);
}

int flights_take(Engine *e, const uint8_t *d, size_t n, const Address *from, double now) {
    int64_t version, id;
    size_t pos, end;
    e->stats[RECEIVED]++;
    if (!message_id(d, n, &version, &id, &pos, &end)) {
        e->stats[GARBAGE]++;
        return 0;
    }
    Entry *entry = id > 0 && id <= INT32_MAX ? entry_find(e, (uint32_t)id) : NULL;
    if (!entry) {
        e->stats[UNASKED]++;
        return 0;
    }
    Flight *f = e->flights[entry->slot];
    if (!may_answer(f->peer, from)) {
        e->stats[WRONG_SOURCE]++;
        f->stray = *from;
        return 0;
    }
    uint32_t at = 0;
    while (at + 1 < f->tried && f->ids[at] != (uint32_t)id) at++;
    if (!f->questions) {
        f->pdu = f->via = (f->via + f->tried - 1) % f->peer->targets;
        return pause_with(e, f, RAW, d, n, f->sent[f->tried - 1], now);
    }
    uint32_t found = 0;
    double moment = (f->sent[at] + now) / 2;
    if (version != f->peer->version ||
        !(f->envelope ? read_secure(e, f, d, n, (uint32_t)id, now, moment, &found)
                      : read_plain(e, f, d, pos, end, moment, &found)))
        return pause_with(e, f, ODD, d, n, f->sent[at], now);
    const uint8_t *plain = f->envelope ? e->plain : d;
    if (found && questions_hand_out(plain, e->others, found, &f->octets, &f->coded) < 0) return -1;
    if (now - f->sent[at] > f->slowest) f->slowest = now - f->sent[at];
    f->via = (f->via + at) % f->peer->targets;
    close_ids(e, f);
    if (++f->pdu == f->questions->pdus) return flight_finish(e, f);
    return flight_emit(e, f, now);
}
