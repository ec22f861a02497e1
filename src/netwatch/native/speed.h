/* What the files of the extension share. Each file adds its own types and functions to the module. */
#ifndef NETWATCH_SPEED_H
#define NETWATCH_SPEED_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#endif
