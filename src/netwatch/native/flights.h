/* What the files of the flight engine share: an agent, a flight, the engine. */
#ifndef NETWATCH_FLIGHTS_H
#define NETWATCH_FLIGHTS_H

#include "envelope.h"
#include "questions.h"
#include "udp.h"

#define MAX_TRIES 16
#define MAX_COMMUNITY 1000
#define POOL 256    /* request ids drawn in one go */
#define OVERDUE 1.0 /* seconds: netwatch.native.flights.OVERDUE */

enum { DONE, ODD, SILENT, REFUSED, RAW }; /* netwatch.native.flights.Event */
enum { SENT, RECEIVED, UNASKED, WRONG_SOURCE, GARBAGE, TIMEOUTS, REFUSALS, STATS };
enum { FREE, AIR, PAUSED };

typedef struct {
    PyObject ob_base;
    uint8_t head[MAX_COMMUNITY + 16]; /* version and community */
    uint32_t head_size;
    int64_t version;
    uint16_t port;
    uint32_t targets, sources;
    Address *hosts; /* those to ask, then those that may answer */
} Peer;

typedef struct {
    uint32_t slot, generation;
    int state;
    PyObject *token;
    Peer *peer;
    Questions *questions; /* NULL: the caller makes the datagrams */
    Envelope *envelope;   /* NULL: SNMPv1 and v2c */
    PyObject *raw;
    Py_buffer held;
    Columns columns;
    PyObject *octets, *coded;
    double began, slowest;
    bool aloft; /* counted in Engine.aloft */
    double waits[MAX_TRIES], sent[MAX_TRIES], deadline;
    uint32_t ids[MAX_TRIES];
    uint32_t tries, tried, pdu, via;
    Address stray; /* who answered without being asked */
} Flight;

typedef struct {
    uint32_t id, slot;
} Entry;

typedef struct {
    PyObject ob_base;
    PyObject *random, *events;
    int fds[2];
    Batch in, out[2];
    Flight **flights; /* never moved, never freed before the end */
    uint32_t count, room, *vacant, vacancies;
    unsigned aloft, flying; /* netwatch.native.flights.Engine */
    Entry *table; /* open ids; id 0 is an empty place */
    uint32_t mask, used;
    uint32_t pool[POOL], drawn;
    Other *others;
    uint32_t widest;
    uint8_t *plain; /* what was decrypted: room for a datagram and BLOCK octets */
    uint64_t stats[STATS];
} Engine;

int add_peer(PyObject *module);
bool is_peer(PyObject *object);

/* What returns int gives 0, or -1 with an exception set. */

/* Room for more open ids. */
int flights_grow(Engine *e);

/* Is the answer to this id awaited? */
bool flights_await(const Engine *e, uint32_t id);

/* An id that nobody can guess and that is not open; 0 with an exception set. */
uint32_t flights_id(Engine *e);

/* Counts no more as in the air. */
void flight_rest(Engine *e, Flight *f);

/* Frees its place. */
void flight_end(Engine *e, Flight *f);

/* Tells that all was answered, and ends it. */
int flight_finish(Engine *e, Flight *f);

/* Tells that the current question was not answered; `reason`: errno. */
int flight_give_up(Engine *e, Flight *f, int kind, int reason);

/* Queues the next try of the current question. */
int flight_emit(Engine *e, Flight *f, double now);

/* Sends what is queued. A full send buffer counts as datagrams lost on the way. */
int flights_flush(Engine *e);

/* Reads what the error queue of a socket holds. */
int flights_errors(Engine *e, int which, double now);

/* One datagram. */
int flights_take(Engine *e, const uint8_t *d, size_t n, const Address *from, double now);

#endif
