/* Pre-encoded GETs and the decoder of what answers them exactly (RFC 3416, X.690). */
#include "questions.h"

#include <math.h>
#include <string.h>

#define MAX_TAIL 4000
#define MAX_INTEGER 16 /* octets: agents pad */

static PyTypeObject *questions_type; /* the same for all interpreters of a process */

bool is_questions(PyObject *object) { return Py_TYPE(object) == questions_type; }

/* ---- decoding */

void columns_clear(Columns to, uint32_t first, uint32_t last) {
    for (uint32_t i = first; i < last; i++) {
        to.values[i] = 0;
        to.kinds[i] = ABSENT;
        to.times[i] = NAN;
    }
}

static inline bool same(const uint8_t *a, const uint8_t *b, size_t size) {
    while (size >= 8) {
        uint64_t x, y;
        memcpy(&x, a, 8);
        memcpy(&y, b, 8);
        if (x != y) return false;
        a += 8;
        b += 8;
        size -= 8;
    }
    while (size--)
        if (*a++ != *b++) return false;
    return true;
}

bool questions_decode(const Questions *q, uint32_t pdu, const uint8_t *d, size_t pos, size_t stop, Columns to,
                      double moment, Other *others, uint32_t *found) {
    uint32_t first = q->first[pdu], last = q->first[pdu + 1], seen = 0;
    for (uint32_t i = first; i < last; i++) {
        uint8_t tag;
        size_t start, end, value, after;
        if (!ber_header(d, pos, stop, &tag, &start, &end) || tag != 0x30) goto odd;
        size_t size = q->name_size[i];
        if (end - start < size || !same(d + start, q->tails + q->name_at[i], size)) goto odd;
        if (!ber_header(d, start + size, end, &tag, &value, &after) || after != end) goto odd;
        pos = end;
        size = end - value;
        uint64_t number = 0;
        uint8_t kind = UNSIGNED;
        switch (tag) {
        case 0x41: case 0x42: case 0x43: case 0x47: /* Counter32, Gauge32, TimeTicks, UInteger32 */
        case 0x46:                                  /* Counter64 */
            if (size > MAX_INTEGER) goto odd;
            while (value < end) number = number << 8 | d[value++];
            if (tag != 0x46) number &= 0xFFFFFFFFu;
            break;
        case 0x02:
            if (size > MAX_INTEGER) goto odd;
            if (size <= 8) {
                if (size && d[value] & 128) number = UINT64_MAX;
                while (value < end) number = number << 8 | d[value++];
                kind = SIGNED;
                break;
            } /* fall through */
        case 0x03: case 0x04: case 0x06: case 0x40: case 0x44: case 0x45: case 0x78: case 0x79:
            others[seen++] = (Other){i, (uint32_t)value, (uint32_t)size, tag};
            kind = OTHER;
            break;
        case 0x05: case 0x80: case 0x81: case 0x82:
            kind = ABSENT;
            break;
        default:
            goto odd;
        }
        to.values[i] = number;
        to.kinds[i] = kind;
        to.times[i] = kind == ABSENT ? NAN : moment;
    }
    if (pos != stop) goto odd;
    *found = seen;
    return true;
odd:
    columns_clear(to, first, last);
    return false;
}

int questions_hand_out(const uint8_t *d, const Other *others, uint32_t found, PyObject **octets,
                       PyObject **coded) {
    for (const Other *one = others; one < others + found; one++) {
        PyObject *bytes = PyBytes_FromStringAndSize((const char *)d + one->start, one->size);
        PyObject *position = PyLong_FromUnsignedLong(one->position), *item = NULL;
        int failed = -1;
        if (bytes && position) {
            if (one->tag == 0x02 || one->tag == 0x06 || one->tag == 0x40 || one->tag == 0x44) {
                if (*coded || (*coded = PyList_New(0))) {
                    item = Py_BuildValue("(OiO)", position, (int)one->tag, bytes);
                    failed = item ? PyList_Append(*coded, item) : -1;
                }
            } else if (*octets || (*octets = PyDict_New())) {
                failed = PyDict_SetItem(*octets, position, bytes);
            }
        }
        Py_XDECREF(item);
        Py_XDECREF(bytes);
        Py_XDECREF(position);
        if (failed) return -1;
    }
    return 0;
}

/* ---- memory of the caller */

int block_open(PyObject *block, uint32_t count, Py_buffer *held, Columns *columns) {
    memset(held, 0, sizeof *held);
    if (PyObject_GetBuffer(block, held, PyBUF_WRITABLE) < 0) return -1;
    if (held->len != (Py_ssize_t)count * 17 || (uintptr_t)held->buf % 8) {
        PyErr_SetString(PyExc_ValueError, "not 17 octets per OID");
        PyBuffer_Release(held);
        return -1;
    }
    uint64_t *values = held->buf;
    *columns = (Columns){values, (uint8_t *)(values + 2 * (size_t)count), (double *)(values + count)};
    return 0;
}

/* ---- Questions(varbinds: bytes, counts: tuple[int, ...]) */

static size_t put_header(uint8_t *to, uint8_t tag, size_t size) {
    size_t n = 0;
    to[n++] = tag;
    if (size > 0xFF) {
        to[n++] = 0x82;
        to[n++] = (uint8_t)(size >> 8);
    } else if (size > 0x7F) {
        to[n++] = 0x81;
    }
    to[n++] = (uint8_t)size;
    return n;
}

static void questions_dealloc(PyObject *object) {
    Questions *self = (Questions *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyMem_Free(self->tails);
    PyMem_Free(self->tail_at);
    PyMem_Free(self->first);
    PyMem_Free(self->name_at);
    PyMem_Free(self->name_size);
    PyObject_Free(object);
    Py_DECREF(type);
}

static bool questions_alloc(Questions *self, size_t octets) {
    self->tails = PyMem_Malloc(octets + 16 * (size_t)self->pdus + 1);
    self->tail_at = PyMem_Malloc((self->pdus + 1) * sizeof(uint32_t));
    self->first = PyMem_Malloc((self->pdus + 1) * sizeof(uint32_t));
    self->name_at = PyMem_Malloc((self->count + 1) * sizeof(uint32_t));
    self->name_size = PyMem_Malloc((self->count + 1) * sizeof(uint16_t));
    return self->tails && self->tail_at && self->first && self->name_at && self->name_size;
}

/* Where `varbinds` varbinds end that begin at *pos, and where their OIDs lie, from *pos on. */
static bool questions_scan(Questions *self, const uint8_t *d, size_t end, size_t *pos, uint32_t i,
                           uint32_t last) {
    size_t begin = *pos;
    for (; i < last; i++) {
        uint8_t tag;
        size_t start, stop, name, after;
        if (!ber_header(d, *pos, end, &tag, &start, &stop) || tag != 0x30) return false;
        if (!ber_header(d, start, stop, &tag, &name, &after) || tag != 0x06 || after - start > 0xFFFF) return false;
        self->name_at[i] = (uint32_t)(start - begin);
        self->name_size[i] = (uint16_t)(after - start);
        *pos = stop;
    }
    return true;
}

static bool questions_fill(Questions *self, const uint8_t *d, size_t end, const uint32_t *counts) {
    size_t pos = 0, out = 0;
    uint32_t at = 0;
    for (uint32_t pdu = 0; pdu < self->pdus; pdu++) {
        uint32_t last = at + counts[pdu];
        size_t begin = pos;
        if (!questions_scan(self, d, end, &pos, at, last) || pos - begin > MAX_TAIL) return false;
        self->tail_at[pdu] = (uint32_t)out;
        self->first[pdu] = at;
        if (counts[pdu] > self->widest) self->widest = counts[pdu];
        memcpy(self->tails + out, "\x02\x01\x00\x02\x01\x00", 6);
        out += 6;
        out += put_header(self->tails + out, 0x30, pos - begin);
        memcpy(self->tails + out, d + begin, pos - begin);
        for (; at < last; at++) self->name_at[at] += (uint32_t)out;
        out += pos - begin;
    }
    self->tail_at[self->pdus] = (uint32_t)out;
    self->first[self->pdus] = at;
    return pos == end;
}

static PyObject *questions_new(PyTypeObject *type, PyObject *args, PyObject *named) {
    const char *varbinds;
    Py_ssize_t octets;
    PyObject *counts;
    if (named && PyDict_Size(named)) {
        PyErr_SetString(PyExc_TypeError, "Questions takes no keywords");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "y#O!", &varbinds, &octets, &PyTuple_Type, &counts)) return NULL;
    Py_ssize_t pdus = PyTuple_Size(counts);
    if (octets > INT32_MAX / 2 || pdus > INT32_MAX / 64) return PyErr_NoMemory();
    uint32_t *sizes = PyMem_Malloc(((size_t)pdus + 1) * sizeof *sizes);
    Questions *self = sizes ? (Questions *)PyType_GenericAlloc(type, 0) : NULL;
    if (!self) goto failed;
    uint64_t total = 0;
    for (Py_ssize_t i = 0; i < pdus; i++) {
        unsigned long size = PyLong_AsUnsignedLong(PyTuple_GetItem(counts, i));
        if (PyErr_Occurred()) goto failed;
        sizes[i] = size > (unsigned long)octets ? (uint32_t)octets + 1 : (uint32_t)size;
        total += sizes[i];
    }
    if (total > (uint64_t)octets) { /* a varbind has more than one octet */
        PyErr_SetString(PyExc_ValueError, "fewer varbinds than counted");
        goto failed;
    }
    self->pdus = (uint32_t)pdus;
    self->count = (uint32_t)total;
    if (!questions_alloc(self, (size_t)octets)) {
        PyErr_NoMemory();
        goto failed;
    }
    if (!questions_fill(self, (const uint8_t *)varbinds, (size_t)octets, sizes)) {
        PyErr_SetString(PyExc_ValueError, "these are not so many varbinds of GETs");
        goto failed;
    }
    PyMem_Free(sizes);
    return (PyObject *)self;
failed:
    PyMem_Free(sizes);
    Py_XDECREF((PyObject *)self);
    return PyErr_Occurred() ? NULL : PyErr_NoMemory();
}

static PyObject *questions_tail(PyObject *object, PyObject *number) {
    Questions *self = (Questions *)object;
    unsigned long pdu = PyLong_AsUnsignedLong(number);
    if (PyErr_Occurred()) return NULL;
    if (pdu >= self->pdus) {
        PyErr_SetString(PyExc_IndexError, "no such PDU");
        return NULL;
    }
    uint32_t at = self->tail_at[pdu];
    return PyBytes_FromStringAndSize((const char *)self->tails + at, self->tail_at[pdu + 1] - at);
}

static PyMethodDef questions_methods[] = {
    {"tail", questions_tail, METH_O, "What follows the request-id in a GET."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot questions_slots[] = {
    {Py_tp_doc, "A template cut into GETs."},
    {Py_tp_new, questions_new},
    {Py_tp_dealloc, questions_dealloc},
    {Py_tp_methods, questions_methods},
    {0, NULL},
};
static PyType_Spec questions_spec = {"netwatch.native._speed.Questions", sizeof(Questions), 0,
                                     Py_TPFLAGS_DEFAULT, questions_slots};

/* decode_varbinds(questions, pdu, data, start, stop, block, moment, octets, coded) -> bool */
static PyObject *decode_varbinds(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *q, *block, *octets, *coded, *answer = NULL;
    unsigned int pdu;
    const char *data;
    Py_ssize_t size, start, stop;
    double moment;
    if (!PyArg_ParseTuple(args, "O!Iy#nnOdO!O!", questions_type, &q, &pdu, &data, &size, &start, &stop,
                          &block, &moment, &PyDict_Type, &octets, &PyList_Type, &coded))
        return NULL;
    Questions *questions = (Questions *)q;
    if (pdu >= questions->pdus || start < 0 || start > stop || stop > size || size > UINT32_MAX) {
        PyErr_SetString(PyExc_IndexError, "outside of the PDU or of the data");
        return NULL;
    }
    Py_buffer held;
    Columns columns;
    if (block_open(block, questions->count, &held, &columns) < 0) return NULL;
    uint32_t found = 0;
    Other *others = PyMem_Malloc((questions->widest + 1) * sizeof *others);
    if (!others) {
        PyErr_NoMemory();
    } else if (!questions_decode(questions, pdu, (const uint8_t *)data, (size_t)start, (size_t)stop, columns,
                                 moment, others, &found)) {
        answer = Py_NewRef(Py_False);
    } else if (questions_hand_out((const uint8_t *)data, others, found, &octets, &coded) == 0) {
        answer = Py_NewRef(Py_True);
    }
    PyMem_Free(others);
    PyBuffer_Release(&held);
    return answer;
}

static PyMethodDef functions[] = {
    {"decode_varbinds", decode_varbinds, METH_VARARGS, "Reads varbinds that answer a GET exactly."},
    {NULL, NULL, 0, NULL},
};

int add_questions(PyObject *module) {
    questions_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &questions_spec, NULL);
    if (!questions_type || PyModule_AddType(module, questions_type) < 0) return -1;
    return PyModule_AddFunctions(module, functions);
}
