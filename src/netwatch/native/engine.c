/* Engine(random): many flights over two sockets, as Python sees them. */
#include "flights.h"

#include <stddef.h>
#include <string.h>
#include <structmember.h>

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
    e->plain = PyMem_Malloc(DATAGRAM + BLOCK);
    bool good = e->events && e->plain && batch_open(&e->in, DATAGRAM) && batch_open(&e->out[0], MESSAGE) &&
                batch_open(&e->out[1], MESSAGE) && flights_grow(e) == 0;
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
    PyMem_Free(e->plain);
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

/* launch(token, peer, questions, block, waits, envelope=None) -> handle */
static PyObject *engine_launch(PyObject *object, PyObject *const *args, Py_ssize_t count) {
    Engine *e = (Engine *)object;
    PyObject *envelope = count == 6 && args[5] != Py_None ? args[5] : NULL;
    if (count < 5 || count > 6 || !is_peer(args[1]) || (args[2] != Py_None && !is_questions(args[2])) ||
        (envelope && (!is_envelope(envelope) || args[2] == Py_None))) {
        PyErr_SetString(PyExc_TypeError, "launch(token, Peer, Questions | None, block, waits, Envelope | None)");
        return NULL;
    }
    Questions *q = args[2] == Py_None ? NULL : (Questions *)args[2];
    if (q && !q->pdus) {
        PyErr_SetString(PyExc_ValueError, "nothing to ask");
        return NULL;
    }
    Flight *f = flight_new(e);
    if (!f) return NULL;
    double now = monotonic();
    f->state = PAUSED;
    f->began = now;
    f->slowest = -1;
    f->aloft = true;
    e->aloft++;
    e->flying++;
    f->token = Py_NewRef(args[0]);
    f->peer = (Peer *)Py_NewRef(args[1]);
    if (envelope) f->envelope = (Envelope *)Py_NewRef(envelope);
    if (read_waits(args[4], f) < 0 || (q && open_columns(e, f, q, args[3]) < 0) ||
        (q && flight_emit(e, f, now) < 0)) {
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
    if ((pdu == f->questions->pdus ? flight_finish(e, f) : flight_emit(e, f, monotonic())) < 0) return NULL;
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
    if (f->questions || PyBytes_Size(raw) > MESSAGE || !id || id > INT32_MAX || flights_await(e, id)) {
        PyErr_SetString(PyExc_ValueError, "a flight of GETs, too large a datagram or an id in use");
        return NULL;
    }
    flight_retoken(f, token);
    PyObject *old = f->raw;
    f->raw = Py_NewRef(raw);
    Py_XDECREF(old);
    f->ids[0] = id;
    if (flight_emit(e, f, monotonic()) < 0) return NULL;
    return Py_NewRef(Py_None);
}

static PyObject *engine_identifier(PyObject *object, PyObject *unused) {
    (void)unused;
    uint32_t id = flights_id((Engine *)object);
    return id ? PyLong_FromUnsignedLong(id) : NULL;
}

static PyObject *engine_cancel(PyObject *object, PyObject *handle) {
    Flight *f = flight_of((Engine *)object, handle, false);
    if (f) flight_end((Engine *)object, f);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

static PyObject *engine_rest(PyObject *object, PyObject *handle) {
    Flight *f = flight_of((Engine *)object, handle, false);
    if (f) flight_rest((Engine *)object, f);
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
    if (count <= 0) failed = flights_errors(e, which, now);
    for (int i = 0; i < count && !failed; i++) {
        Address from;
        address_read(&e->in.names[i], &from);
        failed = flights_take(e, e->in.data + (size_t)i * DATAGRAM, e->in.heads[i].msg_len, &from, now);
    }
    if (!failed) failed = flights_flush(e);
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
    return hand_over(e, flights_take(e, (const uint8_t *)data, (size_t)size, &from, monotonic()));
}

static PyObject *engine_tick(PyObject *object, PyObject *unused) {
    (void)unused;
    Engine *e = (Engine *)object;
    double now = monotonic();
    int failed = 0;
    for (uint32_t i = 0; i < e->count && !failed; i++) {
        Flight *f = e->flights[i];
        if (f->aloft && f->began + OVERDUE < now) flight_rest(e, f);
        if (f->state != AIR || f->deadline > now) continue;
        e->stats[TIMEOUTS]++;
        failed = f->tried < f->tries ? flight_emit(e, f, now) : flight_give_up(e, f, SILENT, 0);
    }
    if (!failed) failed = flights_flush(e);
    return hand_over(e, failed);
}

static PyObject *engine_flush(PyObject *object, PyObject *unused) {
    (void)unused;
    Engine *e = (Engine *)object;
    return hand_over(e, flights_flush(e));
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
    {"rest", engine_rest, METH_O, "A flight counts no more as in the air."},
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

static PyMemberDef engine_members[] = {
    {"aloft", T_UINT, offsetof(Engine, aloft), READONLY, "Flights that count as in the air."},
    {"flying", T_UINT, offsetof(Engine, flying), READONLY, "Flights that are not over."},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot engine_slots[] = {
    {Py_tp_doc, "Many flights over two sockets."},
    {Py_tp_new, engine_new},
    {Py_tp_dealloc, engine_dealloc},
    {Py_tp_traverse, engine_traverse},
    {Py_tp_clear, engine_clear},
    {Py_tp_methods, engine_methods},
    {Py_tp_members, engine_members},
    {0, NULL},
};
static PyType_Spec engine_spec = {"netwatch.native._speed.Engine", sizeof(Engine), 0,
                                  Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, engine_slots};

int add_flights(PyObject *module) {
    if (add_peer(module) < 0) return -1;
    PyObject *engine = PyType_FromModuleAndSpec(module, &engine_spec, NULL);
    if (!engine || PyModule_AddType(module, (PyTypeObject *)engine) < 0) return -1;
    Py_DECREF(engine);
    return 0;
}
