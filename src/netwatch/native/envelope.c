/* GETs and their answers in SNMPv3 messages: the twin of netwatch.wire.snmp.envelope. */
#include "envelope.h"
#include "questions.h"

#include <string.h>

#define MAX_MESSAGE 65507 /* msgMaxSize that is announced */

static PyTypeObject *envelope_type;

bool is_envelope(PyObject *object) { return Py_TYPE(object) == envelope_type; }

/* ---- writing: from the end to the beginning, since lengths stand before what they measure */

typedef struct {
    uint8_t *data;
    size_t at; /* where the written part begins */
} Back;

static void back(Back *b, const void *octets, size_t size) {
    b->at -= size;
    memcpy(b->data + b->at, octets, size);
}

static void back_header(Back *b, uint8_t tag, size_t size) {
    uint8_t head[4] = {tag, (uint8_t)size};
    size_t octets = 2;
    if (size > 0xFF) {
        head[1] = 0x82;
        head[2] = (uint8_t)(size >> 8);
        head[3] = (uint8_t)size;
        octets = 4;
    } else if (size > 0x7F) {
        head[1] = 0x81;
        head[2] = (uint8_t)size;
        octets = 3;
    }
    back(b, head, octets);
}

static void back_integer(Back *b, uint32_t value) { /* not negative */
    size_t size = 0;
    uint8_t last;
    do {
        last = (uint8_t)value;
        b->data[--b->at] = last;
        size++;
        value >>= 8;
    } while (value || last & 0x80);
    back_header(b, 0x02, size);
}

static void vector(uint8_t iv[BLOCK], uint32_t boots, uint32_t time, const uint8_t *salt) { /* RFC 3826, 3.1.2.1 */
    for (int i = 0; i < 4; i++) {
        iv[i] = (uint8_t)(boots >> (24 - 8 * i));
        iv[4 + i] = (uint8_t)(time >> (24 - 8 * i));
    }
    memcpy(iv + 8, salt, 8);
}

static size_t write_get(Envelope *e, uint32_t identifier, const uint8_t *tail, size_t size, uint32_t boots,
                        uint32_t time, uint64_t number, uint8_t room[MOST]) {
    uint8_t secret[MOST], salt[8], iv[BLOCK], mac[HASH];
    if (size > MOST - 1024) return 0;
    Back b = {secret, MOST};
    back(&b, tail, (size_t)size);
    back_integer(&b, identifier);
    back_header(&b, 0xA0, MOST - b.at);
    back(&b, e->scope, e->scope_size);
    back_header(&b, 0x30, MOST - b.at);
    size_t scoped = MOST - b.at;
    for (int i = 0; i < 8; i++) salt[i] = (uint8_t)(number >> (56 - 8 * i));
    vector(iv, boots, time, salt);
    Back m = {room, MOST};
    m.at -= scoped;
    if (!keys_encrypt(&e->keys, iv, secret + b.at, scoped, room + m.at)) return 0;
    back_header(&m, 0x04, scoped);
    size_t rest = m.at; /* msgSecurityParameters end here */
    back(&m, salt, 8);
    back_header(&m, 0x04, 8);
    m.at -= e->digest;
    size_t sign = m.at;
    memset(room + sign, 0, e->digest);
    back_header(&m, 0x04, e->digest);
    back(&m, e->user, e->user_size);
    back_integer(&m, time);
    back_integer(&m, boots);
    back(&m, e->engine, e->engine_size);
    back_header(&m, 0x30, rest - m.at);
    back_header(&m, 0x04, rest - m.at);
    size_t head = m.at;
    back(&m, "\x02\x01\x03", 3);              /* msgSecurityModel: USM */
    back(&m, "\x04\x01\x07", 3);              /* msgFlags: reportable, encrypted, signed */
    back_integer(&m, MAX_MESSAGE);
    back_integer(&m, identifier);
    back_header(&m, 0x30, head - m.at);
    back(&m, "\x02\x01\x03", 3);              /* msgVersion */
    back_header(&m, 0x30, MOST - m.at);
    const uint8_t *const parts[3] = {room + m.at};
    const size_t sizes[3] = {MOST - m.at};
    if (!keys_sign(&e->keys, parts, sizes, mac)) return 0;
    memcpy(room + sign, mac, e->digest);
    return MOST - m.at;
}

/* ---- reading */

typedef struct {
    const uint8_t *d;
    size_t pos, end;
} Reader;

/* The content of the next element, which has to have this tag. */
static bool enter(Reader *outer, uint8_t tag, Reader *inner) {
    uint8_t found;
    inner->d = outer->d;
    if (!ber_header(outer->d, outer->pos, outer->end, &found, &inner->pos, &inner->end) || found != tag) return false;
    outer->pos = inner->end;
    return true;
}

static bool whole(Reader *r, int64_t least, int64_t most, int64_t *value) {
    return ber_integer(r->d, &r->pos, r->end, value) && *value >= least && *value <= most;
}

/* The same element, octet for octet. */
static bool equal(Reader *r, const uint8_t *element, size_t size) {
    if (r->end - r->pos < size || memcmp(r->d + r->pos, element, size)) return false;
    r->pos += size;
    return true;
}

static bool verified(Envelope *e, const uint8_t *d, size_t end, size_t sign) {
    static const uint8_t zeros[HASH] = {0};
    const uint8_t *const parts[3] = {d, zeros, d + sign + e->digest};
    const size_t sizes[3] = {sign, e->digest, end - sign - e->digest};
    uint8_t mac[HASH], other = 0;
    if (!keys_sign(&e->keys, parts, sizes, mac)) return false;
    for (unsigned i = 0; i < e->digest; i++) other |= mac[i] ^ d[sign + i]; /* as long for any answer */
    return !other;
}

/* Where in the scoped PDU d[0:size] the varbinds of the Response with this id lie. */
static bool find_varbinds(const uint8_t *d, size_t size, int64_t identifier, Reader *varbinds) {
    Reader r = {d, 0, size}, scoped, part, pdu;
    int64_t number;
    return enter(&r, 0x30, &scoped) && enter(&scoped, 0x04, &part) && enter(&scoped, 0x04, &part) &&
           enter(&scoped, 0xA2, &pdu) && whole(&pdu, identifier, identifier, &number) && whole(&pdu, 0, 0, &number) &&
           whole(&pdu, INT64_MIN, INT64_MAX, &number) && enter(&pdu, 0x30, varbinds);
}

static bool read_answer(Envelope *e, const uint8_t *d, size_t size, uint32_t identifier, uint8_t *plain,
                        Opened *found) {
    Reader r = {d, 0, size}, message, head, part, security, varbinds;
    int64_t number, boots, time;
    uint8_t iv[BLOCK];
    if (!enter(&r, 0x30, &message) || !whole(&message, 3, 3, &number) || !enter(&message, 0x30, &head) ||
        !whole(&head, 0, UINT32_MAX, &number) || !whole(&head, 0, UINT32_MAX, &number) || !enter(&head, 0x04, &part) ||
        part.end - part.pos != 1 || (d[part.pos] & 3) != 3 || !whole(&head, 3, 3, &number))
        return false;
    if (!enter(&message, 0x04, &part) || !enter(&part, 0x30, &security) ||
        !equal(&security, e->engine, e->engine_size) || !whole(&security, 0, INT32_MAX, &boots) ||
        !whole(&security, 0, INT32_MAX, &time) || !equal(&security, e->user, e->user_size) ||
        !enter(&security, 0x04, &part) || part.end - part.pos != e->digest)
        return false;
    size_t sign = part.pos;
    if (!enter(&security, 0x04, &part) || part.end - part.pos != 8) return false;
    vector(iv, (uint32_t)boots, (uint32_t)time, d + part.pos);
    if (!enter(&message, 0x04, &part) || !verified(e, d, message.end, sign)) return false;
    size_t secret = part.end - part.pos;
    if (!keys_decrypt(&e->keys, iv, d + part.pos, secret, plain) ||
        !find_varbinds(plain, secret, identifier, &varbinds))
        return false;
    *found = (Opened){(uint32_t)boots, (uint32_t)time, varbinds.pos, varbinds.end};
    return true;
}

/* ---- as of now */

/* snmpEngineTime as it should be. */
static uint32_t time_at(const Envelope *e, double now) {
    double time = (double)e->time + (now > e->moment ? now - e->moment : 0);
    return time < INT32_MAX ? (uint32_t)time : INT32_MAX;
}

size_t envelope_ask(Envelope *e, uint32_t identifier, const uint8_t *tail, size_t size, double now,
                    uint8_t room[MOST]) {
    return write_get(e, identifier, tail, size, e->boots, time_at(e, now), ++e->salt, room);
}

bool envelope_hear(Envelope *e, const uint8_t *d, size_t size, uint32_t identifier, double now, uint8_t *plain,
                   Opened *found) {
    if (!read_answer(e, d, size, identifier, plain, found)) return false;
    if (found->boots > e->boots || (found->boots == e->boots && found->time > time_at(e, now))) {
        e->boots = found->boots; /* only if it is ahead (RFC 3414, 3.2, 7b) */
        e->time = found->time;
        e->moment = now;
    }
    return true;
}

/* ---- Envelope(hash, auth key, digest octets, privacy key, engine id, context, user, salt) */

static size_t element(uint8_t *out, const char *octets, Py_ssize_t size) {
    out[0] = 0x04;
    out[1] = (uint8_t)size;
    memcpy(out + 2, octets, (size_t)size);
    return (size_t)size + 2;
}

static PyObject *envelope_new(PyTypeObject *type, PyObject *args, PyObject *named) {
    const char *hash, *auth, *privacy, *engine, *context, *user;
    Py_ssize_t auth_size, privacy_size, engine_size, context_size, user_size;
    int digest;
    unsigned long long salt;
    (void)named;
    if (!PyArg_ParseTuple(args, "sy#iy#y#y#y#K", &hash, &auth, &auth_size, &digest, &privacy, &privacy_size,
                          &engine, &engine_size, &context, &context_size, &user, &user_size, &salt))
        return NULL;
    bool fits = engine_size <= MAX_NAME && context_size <= MAX_NAME && user_size <= MAX_NAME && digest > 0 &&
                digest <= HASH && (privacy_size == 16 || privacy_size == 24 || privacy_size == 32);
    Envelope *e = fits ? (Envelope *)PyType_GenericAlloc(type, 0) : NULL;
    if (e) {
        e->digest = (unsigned)digest;
        e->salt = salt;
        e->engine_size = element(e->engine, engine, engine_size);
        memcpy(e->scope, e->engine, e->engine_size);
        e->scope_size = e->engine_size + element(e->scope + e->engine_size, context, context_size);
        e->user_size = element(e->user, user, user_size);
        if (keys_open(&e->keys, hash, (const uint8_t *)auth, (size_t)auth_size, (const uint8_t *)privacy,
                      (size_t)privacy_size))
            return (PyObject *)e;
        Py_DECREF(e);
    }
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "not with this algorithm, or no OpenSSL here");
    return NULL;
}

static void envelope_dealloc(PyObject *object) {
    PyTypeObject *type = Py_TYPE(object);
    keys_close(&((Envelope *)object)->keys);
    PyObject_Free(object);
    Py_DECREF(type);
}

/* tune(boots, time) */
static PyObject *envelope_tune(PyObject *object, PyObject *args) {
    Envelope *e = (Envelope *)object;
    unsigned int boots, time;
    if (!PyArg_ParseTuple(args, "II", &boots, &time)) return NULL;
    if (boots > INT32_MAX || time > INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "too large a number");
        return NULL;
    }
    e->boots = boots;
    e->time = time;
    e->moment = monotonic();
    return Py_NewRef(Py_None);
}

/* clock() -> (boots, time) */
static PyObject *envelope_clock(PyObject *object, PyObject *unused) {
    Envelope *e = (Envelope *)object;
    (void)unused;
    return Py_BuildValue("(II)", (unsigned)e->boots, (unsigned)time_at(e, monotonic()));
}

/* get(identifier, tail, boots, time, salt) -> message */
static PyObject *envelope_get(PyObject *object, PyObject *args) {
    const char *tail;
    Py_ssize_t size;
    unsigned int identifier, boots, time;
    unsigned long long salt;
    if (!PyArg_ParseTuple(args, "Iy#IIK", &identifier, &tail, &size, &boots, &time, &salt)) return NULL;
    uint8_t room[MOST];
    size_t whole = 0;
    if (identifier <= INT32_MAX && boots <= INT32_MAX && time <= INT32_MAX)
        whole = write_get((Envelope *)object, identifier, (const uint8_t *)tail, (size_t)size, boots, time, salt, room);
    if (whole) return PyBytes_FromStringAndSize((const char *)room + MOST - whole, (Py_ssize_t)whole);
    PyErr_SetString(PyExc_ValueError, "too large a question or number");
    return NULL;
}

/* answer(datagram, identifier) -> (boots, time, plain, start, stop) | None */
static PyObject *envelope_answer(PyObject *object, PyObject *args) {
    const char *octets;
    Py_ssize_t size;
    unsigned int identifier;
    Opened found;
    if (!PyArg_ParseTuple(args, "y#I", &octets, &size, &identifier)) return NULL;
    PyObject *plain = PyBytes_FromStringAndSize(NULL, size + BLOCK);
    if (!plain) return NULL;
    if (!read_answer((Envelope *)object, (const uint8_t *)octets, (size_t)size, identifier,
                     (uint8_t *)PyBytes_AsString(plain), &found)) {
        Py_DECREF(plain);
        Py_RETURN_NONE;
    }
    return Py_BuildValue("(iiNnn)", (int)found.boots, (int)found.time, plain, (Py_ssize_t)found.start,
                         (Py_ssize_t)found.stop);
}

static PyMethodDef envelope_methods[] = {
    {"get", envelope_get, METH_VARARGS, "A signed and encrypted GetRequest."},
    {"answer", envelope_answer, METH_VARARGS, "Verifies and decrypts the Response to one."},
    {"tune", envelope_tune, METH_VARARGS, "The engine's clock as it is now."},
    {"clock", envelope_clock, METH_NOARGS, "The engine's clock as it should be now."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot envelope_slots[] = {
    {Py_tp_doc, "What one user says to one engine."},
    {Py_tp_new, envelope_new},
    {Py_tp_dealloc, envelope_dealloc},
    {Py_tp_methods, envelope_methods},
    {0, NULL},
};
static PyType_Spec envelope_spec = {"netwatch.native._speed.Envelope", sizeof(Envelope), 0, Py_TPFLAGS_DEFAULT,
                                    envelope_slots};

int add_envelope(PyObject *module) {
    envelope_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &envelope_spec, NULL);
    return envelope_type && PyModule_AddType(module, envelope_type) == 0 ? 0 : -1;
}
