/* Waiter(loop): what a coroutine awaits the next event of a flight with, as an asyncio.Future would serve.
 *
 * A Future wakes its task by way of the loop's queue of callbacks, which takes several calls of Python. The events of
 * flights come from callbacks of the loop, where no task is running: so the task is woken then and there. Whatever may
 * come from within a task, cancelling and closing, takes the usual way. */
#include "speed.h"

#include <stdbool.h>
#include <stddef.h>
#include <structmember.h>

enum { WAITING, TOLD, FAILED, CANCELLED };

typedef struct {
    PyObject ob_base;
    PyObject *loop, *callback, *context;
    PyObject *outcome; /* event, exception or message of a cancellation */
    char state, blocking;
} Waiter;

static PyObject *run_name, *call_soon_name, *context_keyword, *cancelled_error; /* as long as the process */

static PyObject *waiter_new(PyTypeObject *type, PyObject *args, PyObject *named) {
    PyObject *loop = PyTuple_Size(args) == 1 && !named ? PyTuple_GetItem(args, 0) : NULL;
    if (!loop) {
        PyErr_SetString(PyExc_TypeError, "Waiter(loop)");
        return NULL;
    }
    Waiter *w = (Waiter *)PyType_GenericAlloc(type, 0);
    if (w) w->loop = Py_NewRef(loop);
    return (PyObject *)w;
}

static int waiter_traverse(PyObject *object, visitproc visit, void *arg) {
    Waiter *w = (Waiter *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(w->loop);
    Py_VISIT(w->callback);
    Py_VISIT(w->context);
    Py_VISIT(w->outcome);
    return 0;
}

static int waiter_clear(PyObject *object) {
    Waiter *w = (Waiter *)object;
    Py_CLEAR(w->loop);
    Py_CLEAR(w->callback);
    Py_CLEAR(w->context);
    Py_CLEAR(w->outcome);
    return 0;
}

static void waiter_dealloc(PyObject *object) {
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    waiter_clear(object);
    PyObject_GC_Del(object);
    Py_DECREF(type);
}

/* Whoever waits is told in the next turn of the loop. */
static int schedule(Waiter *w) {
    PyObject *callback = w->callback, *context = w->context;
    w->callback = w->context = NULL;
    if (!callback) return 0;
    PyObject *call = PyObject_GetAttr(w->loop, call_soon_name), *done = NULL;
    PyObject *args = PyTuple_Pack(2, callback, (PyObject *)w), *named = PyDict_New();
    if (call && args && named && PyDict_SetItem(named, context_keyword, context) == 0)
        done = PyObject_Call(call, args, named);
    Py_XDECREF(call);
    Py_XDECREF(args);
    Py_XDECREF(named);
    Py_DECREF(callback);
    Py_DECREF(context);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* The event (a new reference); NULL with an exception set. */
static PyObject *outcome(Waiter *w) {
    if (w->state == TOLD) return Py_NewRef(w->outcome);
    if (w->state == FAILED) {
        PyErr_SetObject((PyObject *)Py_TYPE(w->outcome), w->outcome);
    } else if (w->state == CANCELLED) {
        PyErr_SetObject(cancelled_error, w->outcome == Py_None ? NULL : w->outcome);
    } else {
        PyErr_SetString(PyExc_RuntimeError, "nothing has happened yet");
    }
    return NULL;
}

static PyObject *waiter_await(PyObject *object) { return Py_NewRef(object); }

static PySendResult waiter_send(PyObject *object, PyObject *sent, PyObject **result) {
    Waiter *w = (Waiter *)object;
    (void)sent;
    if (w->state == WAITING) {
        w->blocking = 1;
        *result = Py_NewRef(object);
        return PYGEN_NEXT;
    }
    *result = outcome(w);
    return *result ? PYGEN_RETURN : PYGEN_ERROR;
}

static PyObject *waiter_next(PyObject *object) {
    PyObject *result;
    PySendResult how = waiter_send(object, Py_None, &result);
    if (how != PYGEN_RETURN) return result;
    PyObject *args = PyTuple_Pack(1, result), *stop = args ? PyObject_Call(PyExc_StopIteration, args, NULL) : NULL;
    if (stop) PyErr_SetObject(PyExc_StopIteration, stop);
    Py_XDECREF(args);
    Py_XDECREF(stop);
    Py_DECREF(result);
    return NULL;
}

/* add_done_callback(callback, *, context) */
static PyObject *waiter_add(PyObject *object, PyObject *args, PyObject *named) {
    Waiter *w = (Waiter *)object;
    PyObject *callback = PyTuple_Size(args) == 1 ? PyTuple_GetItem(args, 0) : NULL;
    PyObject *context = named && PyDict_Size(named) == 1 ? PyDict_GetItemWithError(named, context_keyword) : NULL;
    if (!callback || !context) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "add_done_callback(callback, *, context)");
        return NULL;
    }
    if (w->callback) {
        PyErr_SetString(PyExc_RuntimeError, "somebody waits already");
        return NULL;
    }
    w->callback = Py_NewRef(callback);
    w->context = Py_NewRef(context);
    if (w->state != WAITING && schedule(w) < 0) return NULL;
    return Py_NewRef(Py_None);
}

static PyObject *waiter_remove(PyObject *object, PyObject *callback) {
    Waiter *w = (Waiter *)object;
    int same = w->callback ? PyObject_RichCompareBool(w->callback, callback, Py_EQ) : 0;
    if (same < 0) return NULL;
    if (same) {
        Py_CLEAR(w->callback);
        Py_CLEAR(w->context);
    }
    return PyLong_FromLong(same);
}

static PyObject *waiter_set_result(PyObject *object, PyObject *event) {
    Waiter *w = (Waiter *)object;
    PyObject *callback = w->callback, *context = w->context;
    if (w->state != WAITING) {
        PyErr_SetString(PyExc_RuntimeError, "it is over");
        return NULL;
    }
    w->state = TOLD;
    w->outcome = Py_NewRef(event);
    w->callback = w->context = NULL;
    if (!callback) return Py_NewRef(Py_None);
    PyObject *done = PyObject_CallMethodObjArgs(context, run_name, callback, object, NULL);
    Py_DECREF(callback);
    Py_DECREF(context);
    return done;
}

static PyObject *waiter_set_exception(PyObject *object, PyObject *error) {
    Waiter *w = (Waiter *)object;
    if (w->state != WAITING || !PyExceptionInstance_Check(error)) {
        PyErr_SetString(PyExc_RuntimeError, "it is over, or that is no exception");
        return NULL;
    }
    w->state = FAILED;
    w->outcome = Py_NewRef(error);
    return schedule(w) < 0 ? NULL : Py_NewRef(Py_None);
}

/* cancel(msg=None) */
static PyObject *waiter_cancel(PyObject *object, PyObject *args, PyObject *named) {
    static char *names[] = {"msg", NULL};
    Waiter *w = (Waiter *)object;
    PyObject *message = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, named, "|O", names, &message)) return NULL;
    if (w->state != WAITING) return Py_NewRef(Py_False);
    w->state = CANCELLED;
    w->outcome = Py_NewRef(message);
    return schedule(w) < 0 ? NULL : Py_NewRef(Py_True);
}

static PyObject *waiter_result(PyObject *object, PyObject *unused) {
    (void)unused;
    return outcome((Waiter *)object);
}

static PyObject *waiter_exception(PyObject *object, PyObject *unused) {
    Waiter *w = (Waiter *)object;
    (void)unused;
    if (w->state == FAILED) return Py_NewRef(w->outcome);
    PyObject *event = outcome(w);
    if (!event) return NULL;
    Py_DECREF(event);
    return Py_NewRef(Py_None);
}

static PyObject *waiter_done(PyObject *object, PyObject *unused) {
    (void)unused;
    return PyBool_FromLong(((Waiter *)object)->state != WAITING);
}

static PyObject *waiter_cancelled(PyObject *object, PyObject *unused) {
    (void)unused;
    return PyBool_FromLong(((Waiter *)object)->state == CANCELLED);
}

static PyObject *waiter_loop(PyObject *object, PyObject *unused) {
    (void)unused;
    return Py_NewRef(((Waiter *)object)->loop);
}

#define WITH_NAMES(function) (PyCFunction)(void (*)(void))function, METH_VARARGS | METH_KEYWORDS

static PyMethodDef waiter_methods[] = {
    {"add_done_callback", WITH_NAMES(waiter_add), "Of the one who waits."},
    {"remove_done_callback", waiter_remove, METH_O, "How many there were."},
    {"set_result", waiter_set_result, METH_O, "Wakes whoever waits, at once: not from within a task."},
    {"set_exception", waiter_set_exception, METH_O, "Wakes whoever waits in the next turn of the loop."},
    {"cancel", WITH_NAMES(waiter_cancel), "False if it is over."},
    {"result", waiter_result, METH_NOARGS, "The event."},
    {"exception", waiter_exception, METH_NOARGS, "The exception, or None."},
    {"done", waiter_done, METH_NOARGS, "It is over."},
    {"cancelled", waiter_cancelled, METH_NOARGS, "It was cancelled."},
    {"get_loop", waiter_loop, METH_NOARGS, "The event loop."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef waiter_members[] = {
    {"_asyncio_future_blocking", T_BOOL, offsetof(Waiter, blocking), 0, "What tasks know a Future by."},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot waiter_slots[] = {
    {Py_tp_doc, "What the next event of a flight is awaited with."},
    {Py_tp_new, waiter_new},
    {Py_tp_dealloc, waiter_dealloc},
    {Py_tp_traverse, waiter_traverse},
    {Py_tp_clear, waiter_clear},
    {Py_tp_methods, waiter_methods},
    {Py_tp_members, waiter_members},
    {Py_tp_iter, waiter_await},
    {Py_tp_iternext, waiter_next},
    {Py_am_await, waiter_await},
    {Py_am_send, waiter_send},
    {0, NULL},
};
static PyType_Spec waiter_spec = {"netwatch.native._speed.Waiter", sizeof(Waiter), 0,
                                  Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, waiter_slots};

int add_waiter(PyObject *module) {
    PyObject *exceptions = PyImport_ImportModule("asyncio.exceptions");
    if (!exceptions) return -1;
    cancelled_error = PyObject_GetAttrString(exceptions, "CancelledError");
    Py_DECREF(exceptions);
    run_name = PyUnicode_InternFromString("run");
    call_soon_name = PyUnicode_InternFromString("call_soon");
    context_keyword = PyUnicode_InternFromString("context");
    if (!cancelled_error || !run_name || !call_soon_name || !context_keyword) return -1;
    PyObject *type = PyType_FromModuleAndSpec(module, &waiter_spec, NULL);
    if (!type || PyModule_AddType(module, (PyTypeObject *)type) < 0) return -1;
    Py_DECREF(type);
    return 0;
}
