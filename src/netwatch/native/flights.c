/* Chains of GETs to many agents at once: the compiled twin of netwatch.wire.snmp.flights_pure.
 *
 * A flight asks one GET after the other; the answer to one is checked, written into the caller's arrays and
 * followed by the next within the same turn of the event loop. The interface is netwatch.native.flights.
 * No call here waits, and none lets the GIL go: beside a busy thread, getting it back took seconds. */
#include "questions.h"
#include "udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#define MAX_TRIES 16
#define MAX_COMMUNITY 1000
#define POOL 256        /* request ids drawn in one go */
#define LEAST_ID 0x800000u /* smaller ones are no four octets in DER */

enum { DONE, ODD, SILENT, REFUSED, RAW }; /* netwatch.native.flights.Event */
enum { SENT, RECEIVED, UNASKED, WRONG_SOURCE, GARBAGE, TIMEOUTS, REFUSALS, STATS };
enum { FREE, AIR, PAUSED };

typedef struct {
    PyObject ob_base;
    uint8_t head[MAX_COMMUNITY + 16]; /* version and community */
    uint32_t head_size;
    int64_t version;
    uint16_t port;
    uint32_t targets, sources;
    Address *hosts; /* those to ask, then those that may answer */
} Peer;

typedef struct {
    uint32_t slot, generation;
    int state;
    PyObject *token;
    Peer *peer;
    Questions *questions; /* NULL: the caller makes the datagrams */
    PyObject *raw;
    Py_buffer held;
    Columns columns;
    PyObject *octets, *coded, *trips;
    double waits[MAX_TRIES], sent[MAX_TRIES], deadline;
    uint32_t ids[MAX_TRIES];
    uint32_t tries, tried, pdu, via;
    Address stray; /* who answered without being asked */
} Flight;

typedef struct {
    uint32_t id, slot;
} Entry;

typedef struct {
    PyObject ob_base;
    PyObject *random, *events;
    int fds[2];
    Batch in, out[2];
    Flight **flights; /* never moved, never freed before the end */
    uint32_t count, room, *vacant, vacancies;
    Entry *table; /* open ids; id 0 is an empty place */
    uint32_t mask, used;
    uint32_t pool[POOL], drawn;
    Other *others;
    uint32_t widest;
    uint64_t stats[STATS];
} Engine;

static PyTypeObject *peer_type; /* the same for all interpreters of a process */

static double monotonic(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- Peer(version, community, port, targets, sources) */

static bool read_hosts(PyObject *given, Address *to, uint16_t port) {
    Py_ssize_t count = PyTuple_Size(given);
    for (Py_ssize_t i = 0; i < count; i++) {
        const char *octets;
        Py_ssize_t size;
        int family;
        unsigned int scope;
        if (!PyArg_ParseTuple(PyTuple_GetItem(given, i), "iy#I", &family, &octets, &size, &scope)) return false;
        if (!(family == AF_INET && size == 4) && !(family == AF_INET6 && size == 16)) {
            PyErr_SetString(PyExc_ValueError, "not an address");
            return false;
        }
        to[i].family = family;
        to[i].port = port;
        to[i].scope = scope;
        memcpy(to[i].octets, octets, (size_t)size);
    }
    return true;
}

static PyObject *peer_new(PyTypeObject *type, PyObject *args, PyObject *named) {
    int version;
    const char *community;
    Py_ssize_t size;
    unsigned short port;
    PyObject *targets, *sources;
    (void)named;
    if (!PyArg_ParseTuple(args, "iy#HO!O!", &version, &community, &size, &port, &PyTuple_Type, &targets,
                          &PyTuple_Type, &sources))
        return NULL;
    if (size > MAX_COMMUNITY || !PyTuple_Size(targets) || version < 0 || version > 127) {
        PyErr_SetString(PyExc_ValueError, "no address, or too long a community");
        return NULL;
    }
    Peer *self = (Peer *)PyType_GenericAlloc(type, 0);
    if (!self) return NULL;
    self->version = version;
    self->port = port;
    self->targets = (uint32_t)PyTuple_Size(targets);
    self->sources = (uint32_t)PyTuple_Size(sources);
    self->hosts = PyMem_Calloc(self->targets + (size_t)self->sources, sizeof(Address));
    if (!self->hosts) PyErr_NoMemory();
    if (!self->hosts || !read_hosts(targets, self->hosts, port) ||
        !read_hosts(sources, self->hosts + self->targets, port)) {
        Py_DECREF(self);
        return NULL;
    }
    uint8_t *to = self->head;
    memcpy(to, (uint8_t[]){0x02, 0x01, (uint8_t)version, 0x04}, 4);
    to += 4;
    if (size > 0x7F) *to++ = size > 0xFF ? 0x82 : 0x81;
    if (size > 0xFF) *to++ = (uint8_t)(size >> 8);
    *to++ = (uint8_t)size;
    memcpy(to, community, (size_t)size);
    self->head_size = (uint32_t)(to + size - self->head);
    return (PyObject *)self;
}

static void peer_dealloc(PyObject *object) {
    PyTypeObject *type = Py_TYPE(object);
    PyMem_Free(((Peer *)object)->hosts);
    PyObject_Free(object);
    Py_DECREF(type);
}

static PyType_Slot peer_slots[] = {
    {Py_tp_doc, "An agent: what its messages begin with, where it is asked, from where it may answer."},
    {Py_tp_new, peer_new},
    {Py_tp_dealloc, peer_dealloc},
    {0, NULL},
};
static PyType_Spec peer_spec = {"netwatch.native._speed.Peer", sizeof(Peer), 0, Py_TPFLAGS_DEFAULT, peer_slots};

/* ---- open ids */

static Entry *entry_find(Engine *e, uint32_t id) {
    for (uint32_t at = id & e->mask; e->table[at].id; at = (at + 1) & e->mask)
        if (e->table[at].id == id) return &e->table[at];
    return NULL;
}

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

static int table_grow(Engine *e) {
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

/* An id that nobody can guess and that is not open; 0 with an exception set. */
static uint32_t new_id(Engine *e) {
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

static void flight_end(Engine *e, Flight *f) {
    close_ids(e, f);
    PyObject *refs[] = {f->token,  (PyObject *)f->peer, (PyObject *)f->questions, f->raw,
                        f->octets, f->coded,            f->trips};
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
    f->state = PAUSED;
    return post(e, Py_BuildValue("(iOIy#dd)", kind, f->token, (unsigned)f->pdu, (const char *)d, (Py_ssize_t)n,
                                 sent, trip));
}

static int finish(Engine *e, Flight *f) {
    PyObject *event = Py_BuildValue("(iOOOOI)", DONE, f->token, f->octets ? f->octets : Py_None,
                                    f->coded ? f->coded : Py_None, f->trips ? f->trips : Py_None, (unsigned)f->via);
    flight_end(e, f);
    return post(e, event);
}

static int give_up(Engine *e, Flight *f, int kind, int reason) {
    char text[INET6_ADDRSTRLEN] = "";
    if (f->stray.family) inet_ntop(f->stray.family, f->stray.octets, text, sizeof text);
    PyObject *event =
        Py_BuildValue("(iOIisI)", kind, f->token, (unsigned)f->pdu, reason, text, (unsigned)f->stray.port);
    close_ids(e, f);
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

static const Address *current_host(const Flight *f) {
    return &f->peer->hosts[(f->via + f->tried - 1) % f->peer->targets];
}

/* Queues the next try of the current question. */
static int emit(Engine *e, Flight *f, double now) {
    uint32_t id;
    if (f->questions || !f->tried) {
        if ((e->used + 1) * 2 > e->mask && table_grow(e) < 0) return -1;
    }
    if (f->questions) {
        if (!(id = new_id(e))) return -1;
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
    int at = out->count++;
    uint8_t *data = out->data + (size_t)at * out->width;
    if (f->questions) {
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
    return 0;
}

static int refuse(Engine *e, Flight *f, int reason, double now) {
    uint32_t most = f->tries < f->peer->targets ? f->tries : f->peer->targets;
    return f->tried < most ? emit(e, f, now) : give_up(e, f, REFUSED, reason);
}

static int read_errors(Engine *e, int which, double now) {
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

/* Sends what is queued. A full send buffer counts as datagrams lost on the way. */
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
static bool read_answer(Engine *e, Flight *f, const uint8_t *d, size_t pos, size_t end, double moment,
                        uint32_t *found) {
    int64_t status, index;
    uint8_t tag;
    size_t start, stop;
    if (!ber_integer(d, &pos, end, &status) || status || !ber_integer(d, &pos, end, &index)) return false;
    if (!ber_header(d, pos, end, &tag, &start, &stop) || tag != 0x30) return false;
    return questions_decode(f->questions, f->pdu, d, start, stop, f->columns, moment, e->others, found);
}

static int take(Engine *e, const uint8_t *d, size_t n, const Address *from, double now) {
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
    if (version != f->peer->version || !read_answer(e, f, d, pos, end, (f->sent[at] + now) / 2, &found))
        return pause_with(e, f, ODD, d, n, f->sent[at], now);
    if (found && questions_hand_out(d, e->others, found, &f->octets, &f->coded) < 0) return -1;
    PyObject *trip = PyFloat_FromDouble(now - f->sent[at]);
    if (!trip || (!f->trips && !(f->trips = PyList_New(0))) || PyList_Append(f->trips, trip) < 0) {
        Py_XDECREF(trip);
        return -1;
    }
    Py_DECREF(trip);
    f->via = (f->via + at) % f->peer->targets;
    close_ids(e, f);
    if (++f->pdu == f->questions->pdus) return finish(e, f);
    return emit(e, f, now);
}

/* ---- Engine(random) */

static PyObject *hand_over(Engine *e, int failed) {
    if (failed < 0) return NULL;
    PyObject *events = e->events, *fresh = PyList_New(0);
    if (!fresh) return NULL;
    e->events = fresh;
    return events;
}

static PyObject *engine_new(PyTypeObject *type, PyObject *args, PyObject *named) {
    PyObject *random;
    (void)named;
    if (!PyArg_ParseTuple(args, "O", &random)) return NULL;
    Engine *e = (Engine *)PyType_GenericAlloc(type, 0);
    if (!e) return NULL;
    e->random = Py_NewRef(random);
    e->events = PyList_New(0);
    e->fds[0] = e->fds[1] = -1;
    e->drawn = POOL;
    bool good = e->events && batch_open(&e->in, DATAGRAM) && batch_open(&e->out[0], MESSAGE) &&
                batch_open(&e->out[1], MESSAGE) && table_grow(e) == 0;
    if (good) return (PyObject *)e;
    Py_DECREF(e);
    return PyErr_Occurred() ? NULL : PyErr_NoMemory();
}

static int engine_traverse(PyObject *object, visitproc visit, void *arg) {
    Engine *e = (Engine *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(e->random);
    Py_VISIT(e->events);
    for (uint32_t i = 0; i < e->count; i++) Py_VISIT(e->flights[i]->token);
    return 0;
}

static int engine_clear(PyObject *object) {
    Engine *e = (Engine *)object;
    for (uint32_t i = 0; i < e->count; i++)
        if (e->flights[i]->state != FREE) flight_end(e, e->flights[i]);
    PyObject *random = e->random;
    e->random = NULL;
    Py_XDECREF(random);
    return 0;
}

static void engine_dealloc(PyObject *object) {
    Engine *e = (Engine *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    engine_clear(object);
    Py_XDECREF(e->events);
    for (uint32_t i = 0; i < e->count; i++) PyMem_Free(e->flights[i]);
    PyMem_Free(e->flights);
    PyMem_Free(e->vacant);
    PyMem_Free(e->table);
    PyMem_Free(e->others);
    batch_close(&e->in);
    batch_close(&e->out[0]);
    batch_close(&e->out[1]);
    PyObject_GC_Del(object);
    Py_DECREF(type);
}

static Flight *flight_new(Engine *e) {
    if (!e->vacancies) {
        if (e->count == e->room) {
            uint32_t room = e->room ? e->room * 2 : 64;
            Flight **flights = PyMem_Realloc(e->flights, room * sizeof *flights);
            if (flights) e->flights = flights;
            uint32_t *vacant = PyMem_Realloc(e->vacant, room * sizeof *vacant);
            if (vacant) e->vacant = vacant;
            if (!flights || !vacant) return (Flight *)PyErr_NoMemory();
            e->room = room;
        }
        Flight *f = PyMem_Calloc(1, sizeof *f);
        if (!f) return (Flight *)PyErr_NoMemory();
        f->slot = e->count;
        e->flights[e->count++] = f;
        return f;
    }
    return e->flights[e->vacant[--e->vacancies]];
}

/* The flight of a handle that is PAUSED; NULL with an exception set. */
static Flight *flight_of(Engine *e, PyObject *handle, bool paused) {
    uint64_t number = PyLong_AsUnsignedLongLong(handle);
    if (PyErr_Occurred()) return NULL;
    uint32_t slot = (uint32_t)number;
    if (slot < e->count) {
        Flight *f = e->flights[slot];
        if (f->generation == number >> 32 && f->state != FREE && (!paused || f->state == PAUSED)) return f;
    }
    if (paused) PyErr_SetString(PyExc_ValueError, "this flight is not paused");
    return NULL;
}

static int read_waits(PyObject *waits, Flight *f) {
    Py_ssize_t tries = PyTuple_Check(waits) ? PyTuple_Size(waits) : 0;
    if (tries < 1 || tries > MAX_TRIES) {
        PyErr_SetString(PyExc_ValueError, "1 to 16 tries, as a tuple of seconds");
        return -1;
    }
    for (Py_ssize_t i = 0; i < tries; i++) f->waits[i] = PyFloat_AsDouble(PyTuple_GetItem(waits, i));
    f->tries = (uint32_t)tries;
    return PyErr_Occurred() ? -1 : 0;
}

static int open_columns(Engine *e, Flight *f, Questions *q, PyObject *block) {
    if (q->widest >= e->widest) {
        Other *others = PyMem_Realloc(e->others, (q->widest + 1) * sizeof *others);
        if (!others) {
            PyErr_NoMemory();
            return -1;
        }
        e->others = others;
        e->widest = q->widest + 1;
    }
    if (block_open(block, q->count, &f->held, &f->columns) < 0) return -1;
    f->questions = (Questions *)Py_NewRef((PyObject *)q);
    columns_clear(f->columns, 0, q->count);
    return 0;
}

/* launch(token, peer, questions, block, waits) -> handle */
static PyObject *engine_launch(PyObject *object, PyObject *const *args, Py_ssize_t count) {
    Engine *e = (Engine *)object;
    if (count != 5 || Py_TYPE(args[1]) != peer_type || (args[2] != Py_None && !is_questions(args[2]))) {
        PyErr_SetString(PyExc_TypeError, "launch(token, Peer, Questions | None, block, waits)");
        return NULL;
    }
    Questions *q = args[2] == Py_None ? NULL : (Questions *)args[2];
    if (q && !q->pdus) {
        PyErr_SetString(PyExc_ValueError, "nothing to ask");
        return NULL;
    }
    Flight *f = flight_new(e);
    if (!f) return NULL;
    f->state = PAUSED;
    f->token = Py_NewRef(args[0]);
    f->peer = (Peer *)Py_NewRef(args[1]);
    if (read_waits(args[4], f) < 0 || (q && open_columns(e, f, q, args[3]) < 0) ||
        (q && emit(e, f, monotonic()) < 0)) {
        flight_end(e, f);
        return NULL;
    }
    return PyLong_FromUnsignedLongLong((uint64_t)f->generation << 32 | f->slot);
}

static void flight_retoken(Flight *f, PyObject *token) {
    PyObject *old = f->token;
    f->token = Py_NewRef(token);
    Py_DECREF(old);
}

/* resume(handle, token, pdu) */
static PyObject *engine_resume(PyObject *object, PyObject *args) {
    Engine *e = (Engine *)object;
    PyObject *handle, *token;
    unsigned int pdu;
    if (!PyArg_ParseTuple(args, "OOI", &handle, &token, &pdu)) return NULL;
    Flight *f = flight_of(e, handle, true);
    if (!f) return NULL;
    if (!f->questions || pdu > f->questions->pdus) {
        PyErr_SetString(PyExc_IndexError, "no such PDU");
        return NULL;
    }
    flight_retoken(f, token);
    f->pdu = pdu;
    if ((pdu == f->questions->pdus ? finish(e, f) : emit(e, f, monotonic())) < 0) return NULL;
    return Py_NewRef(Py_None);
}

/* ask(handle, token, datagram, id) */
static PyObject *engine_ask(PyObject *object, PyObject *args) {
    Engine *e = (Engine *)object;
    PyObject *handle, *token, *raw;
    unsigned int id;
    if (!PyArg_ParseTuple(args, "OOSI", &handle, &token, &raw, &id)) return NULL;
    Flight *f = flight_of(e, handle, true);
    if (!f) return NULL;
    if (f->questions || PyBytes_Size(raw) > MESSAGE || !id || id > INT32_MAX || entry_find(e, id)) {
        PyErr_SetString(PyExc_ValueError, "a flight of GETs, too large a datagram or an id in use");
        return NULL;
    }
    flight_retoken(f, token);
    PyObject *old = f->raw;
    f->raw = Py_NewRef(raw);
    Py_XDECREF(old);
    f->ids[0] = id;
    if (emit(e, f, monotonic()) < 0) return NULL;
    return Py_NewRef(Py_None);
}

static PyObject *engine_identifier(PyObject *object, PyObject *unused) {
    (void)unused;
    uint32_t id = new_id((Engine *)object);
    return id ? PyLong_FromUnsignedLong(id) : NULL;
}

static PyObject *engine_cancel(PyObject *object, PyObject *handle) {
    Flight *f = flight_of((Engine *)object, handle, false);
    if (f) flight_end((Engine *)object, f);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

static PyObject *engine_attach(PyObject *object, PyObject *args) {
    int family;
    PyObject *sock;
    if (!PyArg_ParseTuple(args, "iO", &family, &sock)) return NULL;
    int fd = PyObject_AsFileDescriptor(sock);
    if (fd < 0) return NULL;
    ((Engine *)object)->fds[family == AF_INET6] = fd;
    return Py_NewRef(Py_None);
}

static PyObject *engine_drain(PyObject *object, PyObject *family) {
    Engine *e = (Engine *)object;
    int which = PyLong_AsLong(family) == AF_INET6, failed = 0;
    if (PyErr_Occurred()) return NULL;
    int count = batch_receive(&e->in, e->fds[which]);
    double now = monotonic();
    if (count <= 0) failed = read_errors(e, which, now);
    for (int i = 0; i < count && !failed; i++) {
        Address from;
        address_read(&e->in.names[i], &from);
        failed = take(e, e->in.data + (size_t)i * DATAGRAM, e->in.heads[i].msg_len, &from, now);
    }
    for (int i = 0; i < 2 && !failed; i++)
        if (e->out[i].count) failed = flush(e, i);
    return hand_over(e, failed);
}

/* feed(data, family, address, port) */
static PyObject *engine_feed(PyObject *object, PyObject *args) {
    const char *data, *octets;
    Py_ssize_t size, width;
    int family;
    unsigned short port;
    if (!PyArg_ParseTuple(args, "y#iy#H", &data, &size, &family, &octets, &width, &port)) return NULL;
    Address from = {.family = family, .port = port};
    memcpy(from.octets, octets, width > 16 ? 16 : (size_t)width);
    Engine *e = (Engine *)object;
    return hand_over(e, take(e, (const uint8_t *)data, (size_t)size, &from, monotonic()));
}

static PyObject *engine_tick(PyObject *object, PyObject *unused) {
    (void)unused;
    Engine *e = (Engine *)object;
    double now = monotonic();
    int failed = 0;
    for (uint32_t i = 0; i < e->count && !failed; i++) {
        Flight *f = e->flights[i];
        if (f->state != AIR || f->deadline > now) continue;
        e->stats[TIMEOUTS]++;
        failed = f->tried < f->tries ? emit(e, f, now) : give_up(e, f, SILENT, 0);
    }
    for (int i = 0; i < 2 && !failed; i++)
        if (e->out[i].count) failed = flush(e, i);
    return hand_over(e, failed);
}

static PyObject *engine_flush(PyObject *object, PyObject *unused) {
    (void)unused;
    Engine *e = (Engine *)object;
    int failed = 0;
    for (int i = 0; i < 2 && !failed; i++)
        if (e->out[i].count) failed = flush(e, i);
    return hand_over(e, failed);
}

static PyObject *engine_close(PyObject *object, PyObject *unused) {
    (void)unused;
    Engine *e = (Engine *)object;
    PyObject *tokens = PyList_New(0);
    for (uint32_t i = 0; tokens && i < e->count; i++) {
        if (e->flights[i]->state == FREE) continue;
        if (PyList_Append(tokens, e->flights[i]->token) < 0) {
            Py_DECREF(tokens);
            return NULL;
        }
        flight_end(e, e->flights[i]);
    }
    return tokens;
}

static PyObject *engine_stats(PyObject *object, PyObject *unused) {
    (void)unused;
    PyObject *stats = PyTuple_New(STATS);
    for (int i = 0; stats && i < STATS; i++) {
        PyObject *number = PyLong_FromUnsignedLongLong(((Engine *)object)->stats[i]);
        if (!number || PyTuple_SetItem(stats, i, number) < 0) {
            Py_DECREF(stats);
            return NULL;
        }
    }
    return stats;
}

static PyMethodDef engine_methods[] = {
    {"attach", engine_attach, METH_VARARGS, "Uses this socket for an address family."},
    {"launch", (PyCFunction)(void (*)(void))engine_launch, METH_FASTCALL, "Begins a flight."},
    {"resume", engine_resume, METH_VARARGS, "Goes on with a GET."},
    {"ask", engine_ask, METH_VARARGS, "Sends the next datagram of a flight without questions."},
    {"identifier", engine_identifier, METH_NOARGS, "A fresh id."},
    {"cancel", engine_cancel, METH_O, "Ends a flight."},
    {"drain", engine_drain, METH_O, "Reads what came, answers with the next GETs, tells what ended."},
    {"feed", engine_feed, METH_VARARGS, "One datagram as if it had come over the network."},
    {"tick", engine_tick, METH_NOARGS, "Repeats or ends what waited long enough."},
    {"flush", engine_flush, METH_NOARGS, "Sends what is queued."},
    {"close", engine_close, METH_NOARGS, "Ends all flights."},
    {"stats", engine_stats, METH_NOARGS, "Counts."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot engine_slots[] = {
    {Py_tp_doc, "Many flights over two sockets."},
    {Py_tp_new, engine_new},
    {Py_tp_dealloc, engine_dealloc},
    {Py_tp_traverse, engine_traverse},
    {Py_tp_clear, engine_clear},
    {Py_tp_methods, engine_methods},
    {0, NULL},
};
static PyType_Spec engine_spec = {"netwatch.native._speed.Engine", sizeof(Engine), 0,
                                  Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, engine_slots};

int add_flights(PyObject *module) {
    peer_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &peer_spec, NULL);
    if (!peer_type || PyModule_AddType(module, peer_type) < 0) return -1;
    PyObject *engine = PyType_FromModuleAndSpec(module, &engine_spec, NULL);
    if (!engine || PyModule_AddType(module, (PyTypeObject *)engine) < 0) return -1;
    Py_DECREF(engine);
    return 0;
}
