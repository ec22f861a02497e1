/* HMAC and AES of OpenSSL, looked up at run time. */
#include "crypto.h"

#include <dlfcn.h>
#include <string.h>

/* As far as it is needed (evp.h of 1.1 and 3). */

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

static bool hmac_begin(Keys *keys, const void *hash, const uint8_t *key, size_t size, size_t block) {
    uint8_t pad[128];
    if (size > block) return false;
    Context *contexts[2] = {keys->inner, keys->outer};
    bool good = true;
    for (int i = 0; i < 2 && good; i++) {
        memset(pad, 0, sizeof pad);
        memcpy(pad, key, size);
        for (size_t at = 0; at < block; at++) pad[at] ^= i ? 0x5c : 0x36;
        good = crypto.md_begin(contexts[i], hash, NULL) && crypto.md_update(contexts[i], pad, block);
    }
    memset(pad, 0, sizeof pad);
    return good;
}

bool keys_open(Keys *keys, const char *hash, const uint8_t *auth, size_t auth_size, const uint8_t *privacy,
               size_t privacy_size) {
    const char *stream = privacy_size == 16 ? "aes-128-cfb" : privacy_size == 24 ? "aes-192-cfb" : "aes-256-cfb";
    const char *bare = privacy_size == 16 ? "aes-128-ecb" : privacy_size == 24 ? "aes-192-ecb" : "aes-256-ecb";
    bool wide = !strcmp(hash, "sha384") || !strcmp(hash, "sha512");
    memset(keys, 0, sizeof *keys);
    if (!find_crypto()) return false;
    const void *algorithm = crypto.md_named(hash);
    if (!algorithm || !crypto.cipher_named(stream) || !crypto.cipher_named(bare)) return false;
    keys->inner = crypto.md_new();
    keys->outer = crypto.md_new();
    keys->work = crypto.md_new();
    keys->stream = crypto.cipher_new();
    keys->block = crypto.cipher_new();
    return keys->inner && keys->outer && keys->work && keys->stream && keys->block &&
           hmac_begin(keys, algorithm, auth, auth_size, wide ? 128 : 64) &&
           crypto.cipher_begin(keys->stream, crypto.cipher_named(stream), NULL, privacy, NULL, 1) &&
           crypto.cipher_begin(keys->block, crypto.cipher_named(bare), NULL, privacy, NULL, 1);
}

void keys_close(Keys *keys) {
    if (keys->inner) crypto.md_free(keys->inner);
    if (keys->outer) crypto.md_free(keys->outer);
    if (keys->work) crypto.md_free(keys->work);
    if (keys->stream) crypto.cipher_free(keys->stream);
    if (keys->block) crypto.cipher_free(keys->block);
}

bool keys_sign(Keys *keys, const uint8_t *const parts[3], const size_t sizes[3], uint8_t out[HASH]) {
    unsigned size = 0;
    if (!crypto.md_copy(keys->work, keys->inner)) return false;
    for (int i = 0; i < 3; i++)
        if (sizes[i] && !crypto.md_update(keys->work, parts[i], sizes[i])) return false;
    return crypto.md_final(keys->work, out, &size) && crypto.md_copy(keys->work, keys->outer) &&
           crypto.md_update(keys->work, out, size) && crypto.md_final(keys->work, out, &size);
}

bool keys_encrypt(Keys *keys, const uint8_t iv[BLOCK], const uint8_t *d, size_t size, uint8_t *out) {
    int done = 0;
    return crypto.cipher_begin(keys->stream, NULL, NULL, NULL, iv, 1) &&
           crypto.cipher_update(keys->stream, out, &done, d, (int)size) && (size_t)done == size;
}

/* From the bare cipher: each block of key stream is that of the ciphertext before it, so that all of them are had
 * at once. */
bool keys_decrypt(Keys *keys, const uint8_t iv[BLOCK], const uint8_t *d, size_t size, uint8_t *out) {
    size_t blocks = size / BLOCK * BLOCK, chain = blocks + BLOCK;
    int done = 0;
    memcpy(out, iv, BLOCK);
    memcpy(out + BLOCK, d, blocks);
    if (!crypto.cipher_update(keys->block, out, &done, out, (int)chain) || (size_t)done != chain) return false;
    for (size_t i = 0; i < size; i++) out[i] ^= d[i];
    return true;
}
