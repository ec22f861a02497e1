/* Lines of the exposition: the twin of netwatch.exposition.lines, octet for octet the same. */
#include "speed.h"

#include <stdint.h>
#include <string.h>

int add_render(PyObject *module);

enum { MOST_TEXTS = 4, ROOM_FOR_NUMBERS = 96 };

/* -- an octet buffer that grows */

typedef struct {
    char *data;
    Py_ssize_t used, size;
} Out;

static int make_room(Out *out, Py_ssize_t more) {
    if (out->used + more <= out->size)
        return 0;
    Py_ssize_t size = out->size ? out->size : 64 * 1024;
    while (size < out->used + more)
        size *= 2;
    char *data = PyMem_Realloc(out->data, (size_t)size);
    if (data == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    out->data = data;
    out->size = size;
    return 0;
}

/* -- numbers; each writes where there is room and returns the end */

static const char PAIRS[201] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748"
    "49505152535455565758596061626364656667686970717273747576777879808182838485868788899091929394959697"
    "9899";

static char *write_unsigned(char *at, uint64_t value) {
    char digits[20];
    int start = 20;
    while (value >= 100) {
        start -= 2;
        memcpy(digits + start, PAIRS + 2 * (value % 100), 2);
        value /= 100;
    }
    if (value >= 10) {
        start -= 2;
        memcpy(digits + start, PAIRS + 2 * value, 2);
    } else {
        digits[--start] = (char)('0' + value);
    }
    memcpy(at, digits + start, (size_t)(20 - start));
    return at + 20 - start;
}

/* Half to even, as round() of Python; for |value| below 2^51. */
static double nearest(double value) {
    volatile double shifted = value + 6755399441055744.0;
    return shifted - 6755399441055744.0;
}

static char *write_fixed(char *at, int negative, uint64_t digits, int places) {
    static const uint64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
    if (negative)
        *at++ = '-';
    at = write_unsigned(at, digits / powers[places]);
    if (places) {
        uint64_t rest = digits % powers[places];
        *at++ = '.';
        for (int place = places - 1; place >= 0; place--) {
            at[place] = (char)('0' + rest % 10);
            rest /= 10;
        }
        at += places;
    }
    return at;
}

/* The shortest text that reads back the same. A decimal of at most 15 digits that does is the shortest one, and
   division rounds correctly: so most values need no search for it. */
static char *write_double(char *at, double value) {
    static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
    int negative = value < 0;
    double size = negative ? -value : value;
    if (size == 0) {
        *at++ = '0';
        return at;
    }
    if (size < 1e15 && size >= 1e-4) {
        for (int places = 0; places <= 6; places++) {
            double scaled = size * powers[places];
            if (scaled >= 1e15)
                break;
            double whole = nearest(scaled);
            if (whole / powers[places] == size)
                return write_fixed(at, negative, (uint64_t)whole, places);
        }
    }
    if (size > 1.7976931348623157e308) {
        memcpy(at, negative ? "-Inf" : "+Inf", 4);
        return at + 4;
    }
    char *text = PyOS_double_to_string(value, 'r', 0, Py_DTSF_ADD_DOT_0, NULL);
    if (text == NULL)
        return NULL;
    size_t length = strlen(text);
    memcpy(at, text, length);
    PyMem_Free(text);
    return at + length;
}

static char *write_time(char *at, double seconds, int openmetrics) {
    double millis = seconds * 1000.0;
    if (!(millis > -1e15 && millis < 1e15)) {
        PyErr_SetString(PyExc_ValueError, "a time is out of range");
        return NULL;
    }
    millis = nearest(millis);
    int negative = millis < 0;
    return write_fixed(at, negative, (uint64_t)(negative ? -millis : millis), openmetrics ? 3 : 0);
}

/* -- arguments */

typedef struct {
    Py_buffer view;
    const void *data;
    Py_ssize_t count;
    int held;
} Column;

/* 0 with data NULL for None. `kinds`: the formats that will do. */
static int take_column(PyObject *object, const char *kinds, const char *name, Column *column) {
    if (object == Py_None)
        return 0;
    if (PyObject_GetBuffer(object, &column->view, PyBUF_FORMAT | PyBUF_ND | PyBUF_C_CONTIGUOUS) < 0)
        return -1;
    column->held = 1;
    const char *format = column->view.format ? column->view.format : "B";
    if (column->view.ndim != 1 || column->view.itemsize != 8 || strlen(format) != 1 || !strchr(kinds, *format)) {
        PyErr_Format(PyExc_TypeError, "%s: expected a vector of 64-bit numbers of another kind", name);
        return -1;
    }
    column->data = column->view.buf;
    column->count = column->view.len / 8;
    return 0;
}

typedef struct {
    const char *name;
    Py_ssize_t name_length;
    PyObject *texts[MOST_TEXTS];
    Py_ssize_t texts_count;
    Column rows, values, totals, times;
    int openmetrics;
} Job;

static int take_texts(Job *job, PyObject *texts) {
    job->texts_count = PyTuple_Size(texts);
    if (job->texts_count < 0)
        return -1;
    if (job->texts_count > MOST_TEXTS) {
        PyErr_SetString(PyExc_ValueError, "too many lists of texts");
        return -1;
    }
    for (Py_ssize_t number = 0; number < job->texts_count; number++) {
        job->texts[number] = PyTuple_GetItem(texts, number);
        if (!PyList_Check(job->texts[number])) {
            PyErr_SetString(PyExc_TypeError, "texts: expected lists");
            return -1;
        }
    }
    return 0;
}

static int in_range(const Column *column, int64_t row) {
    return column->data == NULL || row < column->count;
}

static int write_line(const Job *job, Out *out, int64_t row) {
    if (row < 0 || !in_range(&job->values, row) || !in_range(&job->totals, row) || !in_range(&job->times, row)) {
        PyErr_SetString(PyExc_IndexError, "there is no such row");
        return -1;
    }
    const char *texts[MOST_TEXTS];
    Py_ssize_t lengths[MOST_TEXTS], needed = job->name_length + ROOM_FOR_NUMBERS;
    for (Py_ssize_t number = 0; number < job->texts_count; number++) {
        PyObject *text = PyList_GetItem(job->texts[number], (Py_ssize_t)row);
        if (text == NULL)
            return -1;
        texts[number] = PyUnicode_AsUTF8AndSize(text, &lengths[number]);
        if (texts[number] == NULL)
            return -1;
        needed += lengths[number];
    }
    if (make_room(out, needed) < 0)
        return -1;
    char *at = out->data + out->used;
    memcpy(at, job->name, (size_t)job->name_length);
    at += job->name_length;
    *at++ = '{';
    for (Py_ssize_t number = 0; number < job->texts_count; number++) {
        memcpy(at, texts[number], (size_t)lengths[number]);
        at += lengths[number];
    }
    *at++ = '}';
    *at++ = ' ';
    if (job->totals.data != NULL)
        at = write_unsigned(at, ((const uint64_t *)job->totals.data)[row]);
    else if (job->values.data != NULL)
        at = write_double(at, ((const double *)job->values.data)[row]);
    else
        *at++ = '1';
    if (at != NULL && job->times.data != NULL) {
        *at++ = ' ';
        at = write_time(at, ((const double *)job->times.data)[row], job->openmetrics);
    }
    if (at == NULL)
        return -1;
    *at++ = '\n';
    out->used = at - out->data;
    return 0;
}

static int write_lines(const Job *job, Out *out) {
    const int64_t *rows = job->rows.data;
    const double *values = job->totals.data == NULL ? job->values.data : NULL;
    for (Py_ssize_t number = 0; number < job->rows.count; number++) {
        int64_t row = rows[number];
        if (values != NULL && row >= 0 && row < job->values.count && values[row] != values[row])
            continue; /* unknown is absent */
        if (write_line(job, out, row) < 0)
            return -1;
    }
    return 0;
}

PyDoc_STRVAR(render_lines_doc,
             "render_lines(name, texts, rows, values, totals, times, openmetrics, /)\n--\n\n"
             "Lines of some rows of a column, as netwatch.exposition.lines.PureLines.render_lines makes them.");

static PyObject *render_lines(PyObject *module, PyObject *arguments) {
    (void)module;
    PyObject *name, *texts, *rows, *values, *totals, *times, *made = NULL;
    Job job = {0};
    Out out = {0};
    if (!PyArg_ParseTuple(arguments, "UO!OOOOp:render_lines", &name, &PyTuple_Type, &texts, &rows, &values, &totals,
                          &times, &job.openmetrics))
        return NULL;
    job.name = PyUnicode_AsUTF8AndSize(name, &job.name_length);
    if (job.name != NULL && take_texts(&job, texts) == 0 && take_column(rows, "lq", "rows", &job.rows) == 0 &&
        take_column(values, "d", "values", &job.values) == 0 &&
        take_column(totals, "LQ", "totals", &job.totals) == 0 &&
        take_column(times, "d", "times", &job.times) == 0 && write_lines(&job, &out) == 0)
        made = PyBytes_FromStringAndSize(out.data, out.used);
    Column *columns[] = {&job.rows, &job.values, &job.totals, &job.times};
    for (size_t number = 0; number < 4; number++)
        if (columns[number]->held)
            PyBuffer_Release(&columns[number]->view);
    PyMem_Free(out.data);
    return made;
}

static PyMethodDef functions[] = {
    {"render_lines", render_lines, METH_VARARGS, render_lines_doc},
    {NULL, NULL, 0, NULL},
};

int add_render(PyObject *module) { return PyModule_AddFunctions(module, functions); }
