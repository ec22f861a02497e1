/* An agent: what its messages begin with, where it is asked, from where it may answer. */
#include "flights.h"

#include <string.h>

static PyTypeObject *peer_type; /* the same for all interpreters of a process */

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

bool is_peer(PyObject *object) { return Py_TYPE(object) == peer_type; }

int add_peer(PyObject *module) {
    peer_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &peer_spec, NULL);
    return peer_type ? PyModule_AddType(module, peer_type) : -1;
}
