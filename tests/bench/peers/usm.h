// SNMPv3 around handle() of agent.c: USM with HMAC-SHA-96 and AES-128 (RFC 3414, RFC 3826), one engine per address.
// The sender is trusted to sign well: what is measured is the poller.
#include <openssl/evp.h>
#include <openssl/hmac.h>
#define V3_USER "v3u"
#define V3_AUTH "authpass123"
#define V3_PRIVACY "privpass123"
typedef struct { u32 address; u8 auth[20], privacy[20]; } Key;
static Key keys[1 << 16];
static u8 master_auth[20], master_privacy[20];
static EVP_CIPHER_CTX *cipher;
static time_t v3_began;
static void hash_(const u8 *d, size_t n, u8 *out) { EVP_Digest(d, n, out, NULL, EVP_sha1(), NULL); }
static void from_password(const char *password, u8 *out) {
  u8 *text = malloc(1048576); size_t n = strlen(password);
  for (size_t i = 0; i < 1048576; i++) text[i] = password[i % n];
  hash_(text, 1048576, out); free(text); }
static void v3_start(void) {
  from_password(V3_AUTH, master_auth); from_password(V3_PRIVACY, master_privacy);
  cipher = EVP_CIPHER_CTX_new(); v3_began = time(NULL); }
static void engine_id(u32 address, u8 *out) {
  memcpy(out, "\x80\0\x1f\x88\1", 5); for (int i = 0; i < 4; i++) out[5 + i] = address >> (24 - 8 * i); }
static void localise(const u8 *master, const u8 *engine, u8 *out) {
  u8 d[49]; memcpy(d, master, 20); memcpy(d + 20, engine, 9); memcpy(d + 29, master, 20); hash_(d, 49, out); }
static Key *key_of(u32 address) {
  Key *k = &keys[address & 0xffff];
  if (k->address != address) {
    u8 engine[9]; engine_id(address, engine);
    localise(master_auth, engine, k->auth); localise(master_privacy, engine, k->privacy); k->address = address; }
  return k; }
static int put(u8 *o, u8 tag, const void *d, int n) {
  int p = 0; o[p++] = tag; if (n > 255) { o[p++] = 0x82; o[p++] = n >> 8; } else if (n > 127) o[p++] = 0x81; o[p++] = n;
  memmove(o + p, d, n); return p + n; }
static int enter(const u8 *b, int *p, int end, u8 tag) { // the end of the element's content
  if (*p >= end || b[(*p)++] != tag) return -1; int l = rdlen(b, p, end); return l < 0 || *p + l > end ? -1 : *p + l; }
// The answer to a v3 message; its length, or 0.
static int secure(const u8 *b, int n, u8 *out, u32 address) {
  int p = 0, end = enter(b, &p, n, 0x30), at, stop; int32_t number, id, boots, seconds; Key *k = key_of(address);
  if (end < 0 || rdint(b, &p, end, &number) || number != 3 || (stop = enter(b, &p, end, 0x30)) < 0) return 0;
  if (rdint(b, &p, stop, &id) || rdint(b, &p, stop, &number) || enter(b, &p, stop, 4) < 0) return 0;
  u8 flags = b[p]; p = stop;
  if ((stop = enter(b, &p, end, 4)) < 0 || enter(b, &p, stop, 0x30) < 0 || (at = enter(b, &p, stop, 4)) < 0) return 0;
  u8 engine[9], iv[16], plain[2048], inner[2048]; engine_id(address, engine);
  int known = at - p == 9 && !memcmp(b + p, engine, 9) && flags & 1; p = at;
  if (rdint(b, &p, stop, &boots) || rdint(b, &p, stop, &seconds)) return 0;
  for (int i = 0; i < 2; i++) { if ((at = enter(b, &p, stop, 4)) < 0) return 0; p = at; }
  if ((at = enter(b, &p, stop, 4)) < 0) return 0;
  for (int i = 0; i < 4; i++) { iv[i] = boots >> (24 - 8 * i); iv[4 + i] = seconds >> (24 - 8 * i); }
  if (at - p == 8) memcpy(iv + 8, b + p, 8);
  p = at; int m, o = 0, body; u8 params[64], sec[128], salt[8]; static u64 salts;
  int32_t now = time(NULL) - v3_began + 1;
  if (!known) { // usmStatsUnknownEngineIDs
    static const u8 stats[] = {0x30, 0x11, 0x30, 0x0f, 6, 10, 0x2b, 6, 1, 6, 3, 15, 1, 1, 4, 0, 0x41, 1, 1};
    m = enc_u(inner, 2, id); memcpy(inner + m, "\2\1\0\2\1\0", 6); m += 6; memcpy(inner + m, stats, sizeof stats); m += sizeof stats;
    body = put(plain, 0xa8, inner, m);
  } else {
    if ((at = enter(b, &p, end, 4)) < 0) return 0;
    EVP_CipherInit_ex(cipher, EVP_aes_128_cfb128(), NULL, k->privacy, iv, 0); EVP_CipherUpdate(cipher, plain, &m, b + p, at - p);
    int q = 0, e = enter(plain, &q, m, 0x30); if (e < 0) return 0;
    for (int i = 0; i < 2; i++) { int s = enter(plain, &q, e, 4); if (s < 0) return 0; q = s; }
    u8 question[2048]; memcpy(question, "\2\1\1\4\0", 5); memcpy(question + 5, plain + q, e - q);
    u8 whole[2100]; int w = put(whole, 0x30, question, 5 + e - q), got = handle(whole, w, inner);
    if (!got) return 0;
    body = got - 9; memcpy(plain, inner + 9, body); }
  m = put(inner, 4, engine, 9); m += put(inner + m, 4, "", 0); memcpy(inner + m, plain, body); m += body;
  m = put(plain, 0x30, inner, m); // the scoped PDU
  if (known) {
    salts++; memcpy(salt, &salts, 8); boots = 1;
    for (int i = 0; i < 4; i++) { iv[i] = boots >> (24 - 8 * i); iv[4 + i] = now >> (24 - 8 * i); }
    memcpy(iv + 8, salt, 8);
    EVP_CipherInit_ex(cipher, EVP_aes_128_cfb128(), NULL, k->privacy, iv, 1); EVP_CipherUpdate(cipher, inner, &m, plain, m);
    m = put(plain, 4, inner, m); }
  int s = put(params, 4, engine, 9); s += enc_u(params + s, 2, 1); s += enc_u(params + s, 2, now);
  s += put(params + s, 4, V3_USER, known ? 3 : 0); u8 zeros[12] = {0};
  s += put(params + s, 4, zeros, known ? 12 : 0); s += put(params + s, 4, salt, known ? 8 : 0);
  int t = put(sec, 0x30, params, s); s = put(params, 4, sec, t);
  u8 head[64]; int h = enc_u(head, 2, id); h += enc_u(head + h, 2, 65507); head[h++] = 4; head[h++] = 1; head[h++] = known ? 3 : 0; h += enc_u(head + h, 2, 3);
  memcpy(inner, "\2\1\3", 3); o = 3; o += put(inner + o, 0x30, head, h); memcpy(inner + o, params, s); o += s;
  int sign = o - 10 - 12; memcpy(inner + o, plain, m); o += m; int total = put(out, 0x30, inner, o);
  if (known) { u8 mac[20]; unsigned size; HMAC(EVP_sha1(), k->auth, 20, out, total, mac, &size); memcpy(out + (total - o) + sign, mac, 12); }
  return total; }
