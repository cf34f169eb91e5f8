/* Keys, sealing and hashes, all by libsodium.
 *
 * Master key (32 bytes, common/config/key_file) → key per workshop (BLAKE2b, keyed) → sealed values
 * (XChaCha20-Poly1305, random nonce, a context string authenticated with it). A worker gets only
 * its own key. */
#ifndef COMMON_BASE_SECRET_H
#define COMMON_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

#define SECRET_KEY_BYTES 32u
#define SECRET_OVERHEAD_BYTES 40u /* nonce 24, tag 16 */
#define SECRET_HASH_TEXT_BYTES 65 /* hexadecimal and a NUL */

/* Must run first in every program; aborts if the system provides no randomness. From then on
 * jansson and libevent zero memory before they free it. */
void secret_start(void);

/* Guarded, locked memory; aborts on failure. secret_free zeroes it; NULL is allowed. */
void *secret_alloc(size_t size);
char *secret_string(const char *text); /* a copy of text */
void secret_free(void *memory);
void secret_wipe(void *memory, size_t size);

void secret_random(unsigned char *bytes, size_t size);

/* In constant time. */
bool secret_equal(const void *a, const void *b, size_t size);

/* key = BLAKE2b(master, "pumpline workshop " SLUG). */
void secret_workshop_key(const unsigned char *master, const char *slug, unsigned char *key);

/* out holds length + SECRET_OVERHEAD_BYTES. context is authenticated, not stored. */
void secret_seal(const unsigned char *key, const char *context, const void *plain, size_t length,
                 unsigned char *out);

/* out holds length - SECRET_OVERHEAD_BYTES. -1: wrong key, wrong context or modified data. */
int secret_open(const unsigned char *key, const char *context, const unsigned char *sealed,
                size_t length, void *out);

/* Base64 text; the caller frees it. */
char *secret_base64(const void *bytes, size_t length);

/* The same as base64 text for configuration files. seal: the caller frees it; open: secret_free it,
 * NULL on failure. */
char *secret_seal_text(const unsigned char *key, const char *context, const char *plain);
char *secret_open_text(const unsigned char *key, const char *context, const char *text);

/* Keys as text on the channel. text holds 2 * SECRET_KEY_BYTES + 1 bytes. */
void secret_key_text(const unsigned char *key, char *text);
int secret_key_parse(const char *text, unsigned char *key);

/* A new API token: 256 random bits as URL-safe base64. secret_free it. */
char *secret_token_new(void);

/* BLAKE2b-256 of an API token, and a comparison in constant time. */
void secret_token_hash(const char *token, char text[SECRET_HASH_TEXT_BYTES]);
bool secret_token_matches(const char *token, const char *hash_text);

/* A keyed hash of user and password, which reveals nothing without the key. */
void secret_credentials_hash(const unsigned char *key, const char *username, const char *password,
                             char text[SECRET_HASH_TEXT_BYTES]);

/* Overwrites each occurrence of secret (4 bytes or longer) in text with as many '*'. */
void secret_mask(char *text, const char *secret);

#endif
