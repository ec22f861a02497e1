/* HMAC and AES of OpenSSL, looked up at run time: where it is not there, Python does it all. */
#ifndef NETWATCH_CRYPTO_H
#define NETWATCH_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH 64  /* octets of the longest hash */
#define BLOCK 16 /* octets of an AES block */

/* What one user signs and encrypts with. */
typedef struct {
    void *inner, *outer, *work; /* HMAC (RFC 2104): hashes that begun with the padded key */
    void *stream, *block;       /* AES-CFB for questions, the bare cipher for answers */
} Keys;

/* False where there is no OpenSSL, or it lacks the algorithm; to be closed all the same. */
bool keys_open(Keys *keys, const char *hash, const uint8_t *auth, size_t auth_size, const uint8_t *privacy,
               size_t privacy_size);
void keys_close(Keys *keys);

/* What returns bool is false if OpenSSL refuses. */

/* The HMAC of three stretches. */
bool keys_sign(Keys *keys, const uint8_t *const parts[3], const size_t sizes[3], uint8_t out[HASH]);

/* CFB128. */
bool keys_encrypt(Keys *keys, const uint8_t iv[BLOCK], const uint8_t *d, size_t size, uint8_t *out);

/* The same; `out` has room for BLOCK octets more. */
bool keys_decrypt(Keys *keys, const uint8_t iv[BLOCK], const uint8_t *d, size_t size, uint8_t *out);

#endif
