/* GETs and their answers in SNMPv3 messages, signed and encrypted (RFC 3412, RFC 3414, RFC 3826).
 *
 * This writes and reads what goes right; whatever else comes is left to the Python that knows every case. The
 * cryptography is OpenSSL's, looked up at run time: where it is not there, Python does it all.
 */
#include "questions.h"

#include <dlfcn.h>
#include <string.h>

#define MAX_MESSAGE 65507 /* msgMaxSize that is announced */
#define HASH 64           /* octets of the longest hash */
#define BLOCK 16          /* octets of an AES block */
#define MOST 8192         /* octets of a GET; of its answer as many as a datagram holds */
#define MAX_NAME 64       /* octets of an engine id, of a context and of a user (RFC 3411: 32) */

/* ---- libcrypto, as far as it is needed (evp.h of 1.1 and 3) */

typedef void Context; /* EVP_MD_CTX, EVP_CIPHER_CTX */
static struct {
    Context *(*md_new)(void);
    void (*md_free)(Context *);
    int (*md_copy)(Context *, const Context *);
    int (*md_begin)(Context *, const void *, void *);
    int (*md_update)(Context *, const void *, size_t);
    int (*md_final)(Context *, unsigned char *, unsigned int *);
    const void *(*md_named)(const char *);
    Context *(*cipher_new)(void);
    void (*cipher_free)(Context *);
    int (*cipher_begin)(Context *, const void *, void *, const unsigned char *, const unsigned char *, int);
    int (*cipher_update)(Context *, unsigned char *, int *, const unsigned char *, int);
    const void *(*cipher_named)(const char *);
} crypto;

static const struct {
    const char *name;
    void **to;
} symbols[] = {
    {"EVP_MD_CTX_new", (void **)&crypto.md_new},
    {"EVP_MD_CTX_free", (void **)&crypto.md_free},
    {"EVP_MD_CTX_copy_ex", (void **)&crypto.md_copy},
    {"EVP_DigestInit_ex", (void **)&crypto.md_begin},
    {"EVP_DigestUpdate", (void **)&crypto.md_update},
    {"EVP_DigestFinal_ex", (void **)&crypto.md_final},
    {"EVP_get_digestbyname", (void **)&crypto.md_named},
    {"EVP_CIPHER_CTX_new", (void **)&crypto.cipher_new},
    {"EVP_CIPHER_CTX_free", (void **)&crypto.cipher_free},
    {"EVP_CipherInit_ex", (void **)&crypto.cipher_begin},
    {"EVP_CipherUpdate", (void **)&crypto.cipher_update},
    {"EVP_get_cipherbyname", (void **)&crypto.cipher_named},
};

static bool find_crypto(void) {
    static const char *const names[] = {"libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.3.dylib"};
    static int found = -1;
    void *library = NULL;
    if (found >= 0) return found;
    for (size_t i = 0; !library && i < sizeof names / sizeof *names; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    found = library != NULL;
    for (size_t i = 0; found && i < sizeof symbols / sizeof *symbols; i++)
        found = (*symbols[i].to = dlsym(library, symbols[i].name)) != NULL;
    return found;
}

/* ---- Envelope(hash, auth key, digest octets, privacy key, engine id, context, user) */

typedef struct {
    PyObject ob_base;
    Context *inner, *outer, *work; /* HMAC (RFC 2104): hashes that begun with the padded key */
    Context *stream, *block;       /* AES-CFB for questions, the bare cipher for answers */
    uint8_t engine[MAX_NAME + 2], scope[2 * (MAX_NAME + 2)], user[MAX_NAME + 2]; /* elements */
    size_t engine_size, scope_size, user_size;
    unsigned digest;
} Envelope;

static PyTypeObject *envelope_type;

static bool hmac_begin(Envelope *e, const void *hash, const uint8_t *key, size_t size, size_t block) {
    uint8_t pad[128] = {0};
    if (size > block) return false;
    Context *contexts[2] = {e->inner, e->outer};
    for (int i = 0; i < 2; i++) {
        memset(pad, 0, sizeof pad);
        memcpy(pad, key, size);
        for (size_t at = 0; at < block; at++) pad[at] ^= i ? 0x5c : 0x36;
        if (!crypto.md_begin(contexts[i], hash, NULL) || !crypto.md_update(contexts[i], pad, block)) return false;
    }
    memset(pad, 0, sizeof pad);
    return true;
}

/* The HMAC of three stretches. */
static bool hmac(Envelope *e, const uint8_t *const parts[3], const size_t sizes[3], uint8_t out[HASH]) {
    unsigned size = 0;
    if (!crypto.md_copy(e->work, e->inner)) return false;
    for (int i = 0; i < 3; i++)
        if (sizes[i] && !crypto.md_update(e->work, parts[i], sizes[i])) return false;
    return crypto.md_final(e->work, out, &size) && crypto.md_copy(e->work, e->outer) &&
           crypto.md_update(e->work, out, size) && crypto.md_final(e->work, out, &size);
}

static size_t element(uint8_t *out, const char *octets, Py_ssize_t size) {
    out[0] = 0x04;
    out[1] = (uint8_t)size;
    memcpy(out + 2, octets, (size_t)size);
    return (size_t)size + 2;
}

static bool open_crypto(Envelope *e, const char *name, const uint8_t *auth, size_t auth_size,
                        const uint8_t *privacy, size_t privacy_size) {
    const char *stream = privacy_size == 16 ? "aes-128-cfb" : privacy_size == 24 ? "aes-192-cfb" : "aes-256-cfb";
    const char *bare = privacy_size == 16 ? "aes-128-ecb" : privacy_size == 24 ? "aes-192-ecb" : "aes-256-ecb";
    const void *hash = crypto.md_named(name);
    bool wide = !strcmp(name, "sha384") || !strcmp(name, "sha512");
    if (!hash || !crypto.cipher_named(stream) || !crypto.cipher_named(bare)) return false;
    e->inner = crypto.md_new();
    e->outer = crypto.md_new();
    e->work = crypto.md_new();
    e->stream = crypto.cipher_new();
    e->block = crypto.cipher_new();
    return e->inner && e->outer && e->work && e->stream && e->block &&
           hmac_begin(e, hash, auth, auth_size, wide ? 128 : 64) &&
           crypto.cipher_begin(e->stream, crypto.cipher_named(stream), NULL, privacy, NULL, 1) &&
           crypto.cipher_begin(e->block, crypto.cipher_named(bare), NULL, privacy, NULL, 1);
}

static PyObject *envelope_new(PyTypeObject *type, PyObject *args, PyObject *named) {
    const char *hash, *auth, *privacy, *engine, *context, *user;
    Py_ssize_t auth_size, privacy_size, engine_size, context_size, user_size;
    int digest;
    (void)named;
    if (!PyArg_ParseTuple(args, "sy#iy#y#y#y#", &hash, &auth, &auth_size, &digest, &privacy, &privacy_size,
                          &engine, &engine_size, &context, &context_size, &user, &user_size))
        return NULL;
    bool fits = engine_size <= MAX_NAME && context_size <= MAX_NAME && user_size <= MAX_NAME && digest > 0 &&
                digest <= HASH && (privacy_size == 16 || privacy_size == 24 || privacy_size == 32);
    Envelope *e = fits && find_crypto() ? (Envelope *)PyType_GenericAlloc(type, 0) : NULL;
    if (e) {
        e->digest = (unsigned)digest;
        e->engine_size = element(e->engine, engine, engine_size);
        memcpy(e->scope, e->engine, e->engine_size);
        e->scope_size = e->engine_size + element(e->scope + e->engine_size, context, context_size);
        e->user_size = element(e->user, user, user_size);
        if (open_crypto(e, hash, (const uint8_t *)auth, (size_t)auth_size, (const uint8_t *)privacy,
                        (size_t)privacy_size))
            return (PyObject *)e;
        Py_DECREF(e);
    }
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "not with this algorithm, or no OpenSSL here");
    return NULL;
}

static void envelope_dealloc(PyObject *object) {
    Envelope *e = (Envelope *)object;
    PyTypeObject *type = Py_TYPE(object);
    if (e->inner) crypto.md_free(e->inner);
    if (e->outer) crypto.md_free(e->outer);
    if (e->work) crypto.md_free(e->work);
    if (e->stream) crypto.cipher_free(e->stream);
    if (e->block) crypto.cipher_free(e->block);
    PyObject_Free(object);
    Py_DECREF(type);
}

/* ---- writing: from the end to the beginning, since lengths stand before what they measure */

typedef struct {
    uint8_t *data;
    size_t at; /* where the written part begins */
} Back;

static void back(Back *b, const void *octets, size_t size) {
    b->at -= size;
    memcpy(b->data + b->at, octets, size);
}

static void back_header(Back *b, uint8_t tag, size_t size) {
    uint8_t head[4] = {tag, (uint8_t)size};
    size_t octets = 2;
    if (size > 0xFF) {
        head[1] = 0x82;
        head[2] = (uint8_t)(size >> 8);
        head[3] = (uint8_t)size;
        octets = 4;
    } else if (size > 0x7F) {
        head[1] = 0x81;
        head[2] = (uint8_t)size;
        octets = 3;
    }
    back(b, head, octets);
}

static void back_integer(Back *b, uint32_t value) { /* not negative */
    size_t size = 0;
    uint8_t last;
    do {
        last = (uint8_t)value;
        b->data[--b->at] = last;
        size++;
        value >>= 8;
    } while (value || last & 0x80);
    back_header(b, 0x02, size);
}

static void vector(uint8_t iv[BLOCK], uint32_t boots, uint32_t time, const uint8_t *salt) { /* RFC 3826, 3.1.2.1 */
    for (int i = 0; i < 4; i++) {
        iv[i] = (uint8_t)(boots >> (24 - 8 * i));
        iv[4 + i] = (uint8_t)(time >> (24 - 8 * i));
    }
    memcpy(iv + 8, salt, 8);
}

/* get(identifier, tail, boots, time, salt) -> message */
static PyObject *envelope_get(PyObject *object, PyObject *args) {
    Envelope *e = (Envelope *)object;
    const char *tail;
    Py_ssize_t size;
    unsigned int identifier, boots, time;
    unsigned long long number;
    if (!PyArg_ParseTuple(args, "Iy#IIK", &identifier, &tail, &size, &boots, &time, &number)) return NULL;
    uint8_t room[MOST], secret[MOST], salt[8], iv[BLOCK], mac[HASH];
    if (size > MOST - 1024 || identifier > INT32_MAX || boots > INT32_MAX || time > INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "too large a question or number");
        return NULL;
    }
    Back b = {secret, MOST};
    back(&b, tail, (size_t)size);
    back_integer(&b, identifier);
    back_header(&b, 0xA0, MOST - b.at);
    back(&b, e->scope, e->scope_size);
    back_header(&b, 0x30, MOST - b.at);
    size_t scoped = MOST - b.at;
    for (int i = 0; i < 8; i++) salt[i] = (uint8_t)(number >> (56 - 8 * i));
    vector(iv, boots, time, salt);
    Back m = {room, MOST};
    int done = 0;
    m.at -= scoped;
    if (!crypto.cipher_begin(e->stream, NULL, NULL, NULL, iv, 1) ||
        !crypto.cipher_update(e->stream, room + m.at, &done, secret + b.at, (int)scoped) || (size_t)done != scoped)
        goto failed;
    back_header(&m, 0x04, scoped);
    size_t rest = m.at; /* msgSecurityParameters end here */
    back(&m, salt, 8);
    back_header(&m, 0x04, 8);
    m.at -= e->digest;
    size_t sign = m.at;
    memset(room + sign, 0, e->digest);
    back_header(&m, 0x04, e->digest);
    back(&m, e->user, e->user_size);
    back_integer(&m, time);
    back_integer(&m, boots);
    back(&m, e->engine, e->engine_size);
    back_header(&m, 0x30, rest - m.at);
    back_header(&m, 0x04, rest - m.at);
    size_t head = m.at;
    back(&m, "\x02\x01\x03", 3);              /* msgSecurityModel: USM */
    back(&m, "\x04\x01\x07", 3);              /* msgFlags: reportable, encrypted, signed */
    back_integer(&m, MAX_MESSAGE);
    back_integer(&m, identifier);
    back_header(&m, 0x30, head - m.at);
    back(&m, "\x02\x01\x03", 3);              /* msgVersion */
    back_header(&m, 0x30, MOST - m.at);
    const uint8_t *const parts[3] = {room + m.at};
    const size_t sizes[3] = {MOST - m.at};
    if (!hmac(e, parts, sizes, mac)) goto failed;
    memcpy(room + sign, mac, e->digest);
    return PyBytes_FromStringAndSize((const char *)room + m.at, (Py_ssize_t)(MOST - m.at));
failed:
    PyErr_SetString(PyExc_RuntimeError, "OpenSSL refuses");
    return NULL;
}

/* ---- reading */

typedef struct {
    const uint8_t *d;
    size_t pos, end;
} Reader;

/* The content of the next element, which has to have this tag. */
static bool enter(Reader *outer, uint8_t tag, Reader *inner) {
    uint8_t found;
    inner->d = outer->d;
    if (!ber_header(outer->d, outer->pos, outer->end, &found, &inner->pos, &inner->end) || found != tag) return false;
    outer->pos = inner->end;
    return true;
}

static bool whole(Reader *r, int64_t least, int64_t most, int64_t *value) {
    return ber_integer(r->d, &r->pos, r->end, value) && *value >= least && *value <= most;
}

/* The same element, octet for octet. */
static bool equal(Reader *r, const uint8_t *element, size_t size) {
    if (r->end - r->pos < size || memcmp(r->d + r->pos, element, size)) return false;
    r->pos += size;
    return true;
}

static bool verified(Envelope *e, const uint8_t *d, size_t end, size_t sign) {
    static const uint8_t zeros[HASH] = {0};
    const uint8_t *const parts[3] = {d, zeros, d + sign + e->digest};
    const size_t sizes[3] = {sign, e->digest, end - sign - e->digest};
    uint8_t mac[HASH], other = 0;
    if (!hmac(e, parts, sizes, mac)) return false;
    for (unsigned i = 0; i < e->digest; i++) other |= mac[i] ^ d[sign + i]; /* as long for any answer */
    return !other;
}

/* CFB128 from the bare cipher: each block of key stream is that of the ciphertext before it, so that all of them
 * are had at once. `out` has room for the iv and the data. */
static bool decipher(Envelope *e, const uint8_t iv[BLOCK], const uint8_t *d, size_t size, uint8_t *out) {
    size_t blocks = size / BLOCK * BLOCK, chain = blocks + BLOCK;
    int done = 0;
    memcpy(out, iv, BLOCK);
    memcpy(out + BLOCK, d, blocks);
    if (!crypto.cipher_update(e->block, out, &done, out, (int)chain) || (size_t)done != chain) return false;
    for (size_t i = 0; i < size; i++) out[i] ^= d[i];
    return true;
}

/* Where in the scoped PDU d[0:size] the varbinds of the Response with this id lie. */
static bool find_varbinds(const uint8_t *d, size_t size, int64_t identifier, Reader *varbinds) {
    Reader r = {d, 0, size}, scoped, part, pdu;
    int64_t number;
    return enter(&r, 0x30, &scoped) && enter(&scoped, 0x04, &part) && enter(&scoped, 0x04, &part) &&
           enter(&scoped, 0xA2, &pdu) && whole(&pdu, identifier, identifier, &number) && whole(&pdu, 0, 0, &number) &&
           whole(&pdu, INT64_MIN, INT64_MAX, &number) && enter(&pdu, 0x30, varbinds);
}

/* answer(datagram, identifier) -> (boots, time, plain, start, stop) | None */
static PyObject *envelope_answer(PyObject *object, PyObject *args) {
    Envelope *e = (Envelope *)object;
    const char *octets;
    Py_ssize_t size;
    unsigned int identifier;
    if (!PyArg_ParseTuple(args, "y#I", &octets, &size, &identifier)) return NULL;
    Reader r = {(const uint8_t *)octets, 0, (size_t)size}, message, head, part, security, varbinds;
    int64_t number, boots, time;
    uint8_t iv[BLOCK];
    if (!enter(&r, 0x30, &message) || !whole(&message, 3, 3, &number) || !enter(&message, 0x30, &head) ||
        !whole(&head, 0, UINT32_MAX, &number) || !whole(&head, 0, UINT32_MAX, &number) || !enter(&head, 0x04, &part) ||
        part.end - part.pos != 1 || (part.d[part.pos] & 3) != 3 || !whole(&head, 3, 3, &number))
        Py_RETURN_NONE;
    if (!enter(&message, 0x04, &part) || !enter(&part, 0x30, &security) ||
        !equal(&security, e->engine, e->engine_size) || !whole(&security, 0, INT32_MAX, &boots) ||
        !whole(&security, 0, INT32_MAX, &time) || !equal(&security, e->user, e->user_size) ||
        !enter(&security, 0x04, &part) || part.end - part.pos != e->digest)
        Py_RETURN_NONE;
    size_t sign = part.pos;
    if (!enter(&security, 0x04, &part) || part.end - part.pos != 8) Py_RETURN_NONE;
    vector(iv, (uint32_t)boots, (uint32_t)time, part.d + part.pos);
    if (!enter(&message, 0x04, &part) || !verified(e, message.d, message.end, sign)) Py_RETURN_NONE;
    size_t secret = part.end - part.pos;
    PyObject *plain = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(secret + BLOCK));
    if (!plain) return NULL;
    uint8_t *text = (uint8_t *)PyBytes_AsString(plain);
    if (!decipher(e, iv, part.d + part.pos, secret, text) || !find_varbinds(text, secret, identifier, &varbinds)) {
        Py_DECREF(plain);
        Py_RETURN_NONE;
    }
    return Py_BuildValue("(iiNnn)", (int)boots, (int)time, plain, (Py_ssize_t)varbinds.pos, (Py_ssize_t)varbinds.end);
}

static PyMethodDef envelope_methods[] = {
    {"get", envelope_get, METH_VARARGS, "A signed and encrypted GetRequest."},
    {"answer", envelope_answer, METH_VARARGS, "Verifies and decrypts the Response to one."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot envelope_slots[] = {
    {Py_tp_doc, "What one user says to one engine."},
    {Py_tp_new, envelope_new},
    {Py_tp_dealloc, envelope_dealloc},
    {Py_tp_methods, envelope_methods},
    {0, NULL},
};
static PyType_Spec envelope_spec = {"netwatch.native._speed.Envelope", sizeof(Envelope), 0, Py_TPFLAGS_DEFAULT,
                                    envelope_slots};

int add_envelope(PyObject *module) {
    envelope_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &envelope_spec, NULL);
    return envelope_type && PyModule_AddType(module, envelope_type) == 0 ? 0 : -1;
}
