/* The extension module netwatch.native._speed: what the other files of this folder add to it. */
#include "speed.h"

static int add_all(PyObject *module) {
    if (add_questions(module) < 0) return -1;
    if (add_flights(module) < 0) return -1;
    if (add_envelope(module) < 0) return -1;
    if (add_waiter(module) < 0) return -1;
    if (add_render(module) < 0) return -1;
    if (add_rows(module) < 0) return -1;
    return 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, add_all}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "netwatch.native._speed", "Compiled twins of netwatch's hottest loops.", 0,
    NULL, slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__speed(void) { return PyModuleDef_Init(&definition); }
