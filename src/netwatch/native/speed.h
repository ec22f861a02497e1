/* What the files of the extension share. Each file adds its own types and functions to the module. */
#ifndef NETWATCH_SPEED_H
#define NETWATCH_SPEED_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <time.h>

/* Each returns 0, or -1 with an exception set. */
int add_questions(PyObject *module);
int add_flights(PyObject *module);
int add_envelope(PyObject *module);
int add_waiter(PyObject *module);
int add_render(PyObject *module);
int add_rows(PyObject *module);

/* Seconds. */
static inline double monotonic(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#endif
