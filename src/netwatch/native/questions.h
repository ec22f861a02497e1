/* Pre-encoded GETs and the decoder of what answers them exactly. */
#ifndef NETWATCH_QUESTIONS_H
#define NETWATCH_QUESTIONS_H

#include "speed.h"

#include <stdbool.h>
#include <stdint.h>

/* A template cut into GETs. A tail is what follows the request-id in a GET: error-status, error-index and
 * the varbinds. */
typedef struct {
    PyObject ob_base;
    uint32_t pdus, count;
    uint32_t widest;      /* varbinds of the longest GET */
    uint8_t *tails;       /* one behind the other */
    uint32_t *tail_at;    /* pdus + 1 */
    uint32_t *first;      /* pdus + 1: position of the first varbind */
    uint32_t *name_at;    /* count: where the OID element of a varbind begins in `tails` */
    uint16_t *name_size;  /* count: octets of that element */
} Questions;

enum { ABSENT, SIGNED, UNSIGNED, OTHER }; /* netwatch.wire.protocols.ValueKind */

/* A value that is no plain number. */
typedef struct {
    uint32_t position, start, size; /* octets of the datagram */
    uint8_t tag;
} Other;

typedef struct {
    uint64_t *values;
    uint8_t *kinds;
    double *times;
} Columns;

/* Tag, start and stop of the content of the element at `pos`; all of it lies before `end`. */
static inline bool ber_header(const uint8_t *d, size_t pos, size_t end, uint8_t *tag, size_t *start,
                              size_t *stop) {
    if (end < 2 || pos > end - 2) return false;
    *tag = d[pos];
    size_t size = d[pos + 1];
    pos += 2;
    if (size & 128) {
        size_t octets = size & 127;
        if (octets < 1 || octets > 4 || octets > end - pos) return false;
        for (size = 0; octets; octets--) size = size << 8 | d[pos++];
    }
    if (size > end - pos) return false;
    *start = pos;
    *stop = pos + size;
    return true;
}

/* An INTEGER of at most 8 octets; none at all are 0. */
static inline bool ber_integer(const uint8_t *d, size_t *pos, size_t end, int64_t *value) {
    uint8_t tag;
    size_t start, stop;
    if (!ber_header(d, *pos, end, &tag, &start, &stop) || tag != 0x02 || stop - start > 8) return false;
    uint64_t bits = start < stop && d[start] & 128 ? UINT64_MAX : 0;
    while (start < stop) bits = bits << 8 | d[start++];
    *value = (int64_t)bits;
    *pos = stop;
    return true;
}

/* Reads the varbinds in d[pos:stop] if they answer GET number `pdu` exactly, into the columns and `others`
 * (room for `widest`). Else false, and the columns are as if nothing had come. */
bool questions_decode(const Questions *q, uint32_t pdu, const uint8_t *d, size_t pos, size_t stop, Columns to,
                      double moment, Other *others, uint32_t *found);

/* Adds octets to the dict *octets (by position) and the rest to the list *coded; both are made when needed.
 * -1 with an exception set. */
int questions_hand_out(const uint8_t *d, const Other *others, uint32_t found, PyObject **octets,
                       PyObject **coded);

bool is_questions(PyObject *object);

/* One block of memory for a fetch: 17 octets per OID, values before times before kinds. -1 with an exception
 * set, and nothing is held. */
int block_open(PyObject *block, uint32_t count, Py_buffer *held, Columns *columns);

void columns_clear(Columns to, uint32_t first, uint32_t last);

#endif
