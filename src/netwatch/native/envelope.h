/* GETs and their answers in SNMPv3 messages, signed and encrypted (RFC 3412, RFC 3414, RFC 3826). */
#ifndef NETWATCH_ENVELOPE_H
#define NETWATCH_ENVELOPE_H

#include "speed.h" /* Python.h comes first */

#include "crypto.h"

#define MAX_NAME 64 /* octets of an engine id, of a context and of a user (RFC 3411: 32) */
#define MOST 8192   /* octets of a GET; of its answer as many as a datagram holds */

/* What one user says to one engine, and the clock of that engine as it was told last. */
typedef struct {
    PyObject ob_base;
    Keys keys;
    uint8_t engine[MAX_NAME + 2], scope[2 * (MAX_NAME + 2)], user[MAX_NAME + 2]; /* elements */
    size_t engine_size, scope_size, user_size;
    unsigned digest;      /* octets of a signature */
    uint64_t salt;        /* the last one */
    uint32_t boots, time; /* snmpEngineBoots, and snmpEngineTime at `moment` */
    double moment;        /* monotonic seconds */
} Envelope;

/* What was found in an answer. */
typedef struct {
    uint32_t boots, time;
    size_t start, stop; /* of the varbinds in the decrypted octets */
} Opened;

bool is_envelope(PyObject *object);

/* The GET with this msgID and request-id as of now; `tail`: what follows its request-id. It ends at room + MOST;
 * its size, or 0 if OpenSSL refuses or it is too large. */
size_t envelope_ask(Envelope *e, uint32_t identifier, const uint8_t *tail, size_t size, double now,
                    uint8_t room[MOST]);

/* Whether this is the Response to that GET, without an error: then it is decrypted into `plain` (room for the
 * datagram and BLOCK octets), and the engine's clock is learnt. Whatever else comes is left to the Python that knows
 * every case. */
bool envelope_hear(Envelope *e, const uint8_t *d, size_t size, uint32_t identifier, double now, uint8_t *plain,
                   Opened *found);

#endif
