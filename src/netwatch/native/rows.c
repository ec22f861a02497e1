/* Blocks of readings into the rows of the series table: the short way of netwatch.state.counter_rows and rows.
 *
 * One loop over the readings in place of some twenty over arrays; whatever asks for a closer look is left to Python. */
#include "speed.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- vectors of the caller's */

typedef struct {
    Py_buffer view;
    const char *name;
    Py_ssize_t width; /* octets of an element */
    bool writable;
} Vector;

static void release(Vector *vectors, int count) {
    for (int i = 0; i < count; i++) PyBuffer_Release(&vectors[i].view);
}

/* Takes hold of as many objects; None where `view.obj` stays NULL. False with an exception set, and nothing is held. */
static bool hold(Vector *vectors, PyObject *const *objects, int count) {
    for (int i = 0; i < count; i++) {
        Vector *one = &vectors[i];
        if (objects[i] == Py_None) continue;
        int flags = PyBUF_C_CONTIGUOUS | (one->writable ? PyBUF_WRITABLE : 0);
        if (PyObject_GetBuffer(objects[i], &one->view, flags) == 0) {
            if (one->view.itemsize == one->width) continue;
            PyErr_Format(PyExc_TypeError, "%s: elements of another size", one->name);
            i++;
        }
        release(vectors, i);
        return false;
    }
    return true;
}

static Py_ssize_t length(const Vector *one) { return one->view.len / one->width; }

/* Which element of the block goes into row number i of the range. */
static inline Py_ssize_t place(const Py_ssize_t *order, Py_ssize_t i) { return order ? order[i] : i; }

/* All rows of the range and all places of the readings are there; False with an exception set. */
static bool fits(const Vector *rows, int kinds, Py_ssize_t first, const Vector *values, const Vector *order,
                 const Vector *times, const Vector *places) {
    Py_ssize_t count = length(places), most = length(values);
    const Py_ssize_t *from = order->view.buf, *at = places->view.buf;
    bool good = first >= 0 && (from ? length(order) == count : most >= count);
    for (int i = 0; i < kinds; i++) good = good && length(&rows[i]) - first >= count;
    for (Py_ssize_t i = 0; good && i < count; i++)
        good = (!from || (from[i] >= 0 && from[i] < most)) && at[i] >= 0 && at[i] < length(times);
    if (!good) PyErr_SetString(PyExc_IndexError, "outside of the rows or of the block");
    return good;
}

/* ---- count_on */

enum { RAW, TOTALS, MONO, RATES, LIMIT, ODD, GROUP, CAUSE, ROWS, NEW = ROWS, COUNTED, ORDER, TIMES, PLACES, BITS, ALL };

typedef struct {
    Py_ssize_t first;
    int group, cause;
    double restarted, certain, cache;
} Counting;

/* Nothing is to be asked of any row but to count on; see netwatch.state.steady. */
static bool steady(const Vector *v, const Counting *c) {
    const uint64_t *before = (uint64_t *)v[RAW].view.buf + c->first, *raw = v[NEW].view.buf;
    const double *mono = (double *)v[MONO].view.buf + c->first, *times = v[TIMES].view.buf;
    const float *limit = (float *)v[LIMIT].view.buf + c->first;
    const uint8_t *odd = (uint8_t *)v[ODD].view.buf + c->first;
    const uint8_t *bits = v[BITS].view.buf, *counted = v[COUNTED].view.buf;
    const int32_t *group = (int32_t *)v[GROUP].view.buf + c->first;
    const Py_ssize_t *order = v[ORDER].view.buf, *places = v[PLACES].view.buf;
    Py_ssize_t count = length(&v[PLACES]);
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_ssize_t at = place(order, i);
        uint64_t after = raw[at];
        double elapsed = times[places[i]] - mono[i], delta = (double)(after - before[i]), ceiling = limit[i] * elapsed;
        if (!counted[at] || odd[i] || group[i] != c->group || mono[i] < c->restarted) return false;
        if (after < before[i] || !(elapsed > 0) || delta >= ceiling) return false;
        if (bits && bits[i] <= 32 && !(after >> 32)) {
            float cached = limit[i] * (float)c->cache;
            if (delta + 4294967296.0 <= ceiling * c->certain + cached) return false;
        }
    }
    return true;
}

static void write_counters(Vector *v, const Counting *c) {
    uint64_t *raw = (uint64_t *)v[RAW].view.buf + c->first, *totals = (uint64_t *)v[TOTALS].view.buf + c->first;
    double *mono = (double *)v[MONO].view.buf + c->first;
    float *rates = (float *)v[RATES].view.buf + c->first;
    uint8_t *cause = (uint8_t *)v[CAUSE].view.buf + c->first;
    const uint64_t *fresh = v[NEW].view.buf;
    const double *times = v[TIMES].view.buf;
    const Py_ssize_t *order = v[ORDER].view.buf, *places = v[PLACES].view.buf;
    Py_ssize_t count = length(&v[PLACES]);
    for (Py_ssize_t i = 0; i < count; i++) {
        uint64_t after = fresh[place(order, i)], increase = after - raw[i];
        double now = times[places[i]];
        totals[i] += increase;
        rates[i] = (float)((double)increase / (now - mono[i]));
        raw[i] = after;
        mono[i] = now;
        cause[i] = (uint8_t)c->cause;
    }
}

/* count_on(rows, first, group, cause, restarted, raw, counted, order, times, places, bits, certain, cache) -> bool */
static PyObject *count_on(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *rows, *objects[ALL];
    Counting c;
    if (!PyArg_ParseTuple(args, "O!niidOOOOOOdd", &PyTuple_Type, &rows, &c.first, &c.group, &c.cause, &c.restarted,
                          &objects[NEW], &objects[COUNTED], &objects[ORDER], &objects[TIMES], &objects[PLACES],
                          &objects[BITS], &c.certain, &c.cache))
        return NULL;
    if (PyTuple_Size(rows) != ROWS || objects[NEW] == Py_None || objects[COUNTED] == Py_None ||
        objects[TIMES] == Py_None || objects[PLACES] == Py_None) {
        PyErr_SetString(PyExc_TypeError, "eight vectors of rows, and those of a block");
        return NULL;
    }
    Vector v[ALL] = {
        [RAW] = {.name = "raw", .width = 8, .writable = true},
        [TOTALS] = {.name = "totals", .width = 8, .writable = true},
        [MONO] = {.name = "mono", .width = 8, .writable = true},
        [RATES] = {.name = "rates", .width = 4, .writable = true},
        [LIMIT] = {.name = "limit", .width = 4},
        [ODD] = {.name = "odd", .width = 1},
        [GROUP] = {.name = "group", .width = 4},
        [CAUSE] = {.name = "cause", .width = 1, .writable = true},
        [NEW] = {.name = "counters", .width = 8},
        [COUNTED] = {.name = "counted", .width = 1},
        [ORDER] = {.name = "order", .width = sizeof(Py_ssize_t)},
        [TIMES] = {.name = "times", .width = 8},
        [PLACES] = {.name = "places", .width = sizeof(Py_ssize_t)},
        [BITS] = {.name = "bits", .width = 1},
    };
    for (int i = 0; i < ROWS; i++) objects[i] = PyTuple_GetItem(rows, i);
    if (!hold(v, objects, ALL)) return NULL;
    PyObject *answer = NULL;
    bool good = fits(v, ROWS, c.first, &v[NEW], &v[ORDER], &v[TIMES], &v[PLACES]);
    bool widths = !v[BITS].view.obj || length(&v[BITS]) == length(&v[PLACES]);
    if (good && (!widths || length(&v[COUNTED]) < length(&v[NEW]))) {
        PyErr_SetString(PyExc_IndexError, "fewer flags or widths than counters");
    } else if (good) {
        bool all = steady(v, &c);
        if (all) write_counters(v, &c);
        answer = Py_NewRef(all ? Py_True : Py_False);
    }
    release(v, ALL);
    return answer;
}

/* ---- tell_gauges */

/* tell_gauges((values, mono, group), first, number, gauges, order, times, places) -> bool */
static PyObject *tell_gauges(PyObject *module, PyObject *args) {
    (void)module;
    enum { VALUES, MONO_, GROUP_, ROWS_, GAUGES = ROWS_, ORDER_, TIMES_, PLACES_, ALL_ };
    PyObject *rows, *objects[ALL_];
    Py_ssize_t first;
    int number;
    if (!PyArg_ParseTuple(args, "O!niOOOO", &PyTuple_Type, &rows, &first, &number, &objects[GAUGES], &objects[ORDER_],
                          &objects[TIMES_], &objects[PLACES_]))
        return NULL;
    if (PyTuple_Size(rows) != ROWS_ || objects[GAUGES] == Py_None || objects[TIMES_] == Py_None ||
        objects[PLACES_] == Py_None) {
        PyErr_SetString(PyExc_TypeError, "three vectors of rows, and those of a block");
        return NULL;
    }
    Vector v[ALL_] = {
        [VALUES] = {.name = "values", .width = 8, .writable = true},
        [MONO_] = {.name = "mono", .width = 8, .writable = true},
        [GROUP_] = {.name = "group", .width = 4, .writable = true},
        [GAUGES] = {.name = "gauges", .width = 8},
        [ORDER_] = {.name = "order", .width = sizeof(Py_ssize_t)},
        [TIMES_] = {.name = "times", .width = 8},
        [PLACES_] = {.name = "places", .width = sizeof(Py_ssize_t)},
    };
    for (int i = 0; i < ROWS_; i++) objects[i] = PyTuple_GetItem(rows, i);
    if (!hold(v, objects, ALL_)) return NULL;
    if (!fits(v, ROWS_, first, &v[GAUGES], &v[ORDER_], &v[TIMES_], &v[PLACES_])) {
        release(v, ALL_);
        return NULL;
    }
    double *values = (double *)v[VALUES].view.buf + first, *mono = (double *)v[MONO_].view.buf + first;
    int32_t *group = (int32_t *)v[GROUP_].view.buf + first;
    const double *gauges = v[GAUGES].view.buf, *times = v[TIMES_].view.buf;
    const Py_ssize_t *order = v[ORDER_].view.buf, *places = v[PLACES_].view.buf;
    Py_ssize_t count = length(&v[PLACES_]);
    bool news = false;
    for (Py_ssize_t i = 0; i < count; i++) {
        double value = gauges[place(order, i)], at = times[places[i]];
        if (!isfinite(value) || !(mono[i] <= at)) continue;
        if (!isfinite(mono[i])) news = true;
        values[i] = value;
        mono[i] = at;
        group[i] = number;
    }
    release(v, ALL_);
    return Py_NewRef(news ? Py_True : Py_False);
}

static PyMethodDef functions[] = {
    {"count_on", count_on, METH_VARARGS, "Takes counters in that did nothing but count."},
    {"tell_gauges", tell_gauges, METH_VARARGS, "Takes gauges in."},
    {NULL, NULL, 0, NULL},
};

int add_rows(PyObject *module) { return PyModule_AddFunctions(module, functions); }
