#include "common/base/secret.h"

#include <errno.h>
#include <event2/event.h>
#include <jansson.h>
#include <malloc.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define BASE64 sodium_base64_VARIANT_ORIGINAL
#define TOKEN_BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

_Static_assert(NONCE_BYTES + TAG_BYTES == SECRET_OVERHEAD_BYTES,
               "sealed values have this overhead");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == SECRET_KEY_BYTES, "key size");

/* Requests and configurations, with passwords in them, pass through jansson's and libevent's
 * memory. */
static void
free_wiped(void *memory)
{
    if (memory)
        sodium_memzero(memory, malloc_usable_size(memory));
    free(memory);
}

static void *
resize_wiped(void *memory, size_t size)
{
    size_t old_size = memory ? malloc_usable_size(memory) : 0;
    void *larger = malloc(size);

    if (!larger)
        return NULL;
    if (memory)
        memcpy(larger, memory, old_size < size ? old_size : size);
    free_wiped(memory);
    return larger;
}

void
secret_start(void)
{
    if (sodium_init() < 0)
        die_abort("cannot initialise libsodium: no source of randomness");
    json_set_alloc_funcs(malloc, free_wiped);
    event_set_mem_functions(malloc, resize_wiped, free_wiped);
}

/* Small secrets share locked pages between guard pages, which are kept: a mapping for each would
 * cost ten system calls, and an order needs three. */
#define SLOT_BYTES 1024
#define SLAB_SLOTS 7 /* with libsodium's canary they fill two pages */

union slot {
    union slot *next;
    unsigned char bytes[SLOT_BYTES];
};

static struct slab {
    struct slab *next;
    union slot *slots;
} * slabs;
static union slot *free_slots;

static void *
guarded(size_t size)
{
    void *memory = sodium_malloc(size);

    if (!memory)
        die_abort("cannot allocate %zu bytes of guarded memory: %s", size, strerror(errno));
    return memory;
}

static void
slab_add(void)
{
    struct slab *slab = mem_alloc(sizeof *slab);

    slab->slots = guarded(SLAB_SLOTS * sizeof *slab->slots);
    slab->next = slabs;
    slabs = slab;
    for (size_t i = 0; i < SLAB_SLOTS; i++) {
        slab->slots[i].next = free_slots;
        free_slots = &slab->slots[i];
    }
}

static bool
is_slot(const void *memory)
{
    for (const struct slab *slab = slabs; slab; slab = slab->next)
        if ((uintptr_t)memory - (uintptr_t)slab->slots < SLAB_SLOTS * sizeof *slab->slots)
            return true;
    return false;
}

void *
secret_alloc(size_t size)
{
    union slot *slot;

    if (size > SLOT_BYTES)
        return guarded(size);
    if (!free_slots)
        slab_add();
    slot = free_slots;
    free_slots = slot->next;
    return slot;
}

char *
secret_string(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(secret_alloc(size), text, size);
}

void
secret_free(void *memory)
{
    union slot *slot = memory;

    if (!memory || !is_slot(memory)) {
        sodium_free(memory);
        return;
    }
    sodium_memzero(slot, sizeof *slot);
    slot->next = free_slots;
    free_slots = slot;
}

void
secret_wipe(void *memory, size_t size)
{
    sodium_memzero(memory, size);
}

void
secret_random(unsigned char *bytes, size_t size)
{
    randombytes_buf(bytes, size);
}

bool
secret_equal(const void *a, const void *b, size_t size)
{
    return sodium_memcmp(a, b, size) == 0;
}

void
secret_workshop_key(const unsigned char *master, const char *slug, unsigned char *key)
{
    static const char domain[] = "pumpline workshop ";
    crypto_generichash_state state;

    crypto_generichash_init(&state, master, SECRET_KEY_BYTES, SECRET_KEY_BYTES);
    crypto_generichash_update(&state, (const unsigned char *)domain, sizeof domain - 1);
    crypto_generichash_update(&state, (const unsigned char *)slug, strlen(slug));
    crypto_generichash_final(&state, key, SECRET_KEY_BYTES);
    sodium_memzero(&state, sizeof state);
}

void
secret_seal(const unsigned char *key, const char *context, const void *plain, size_t length,
            unsigned char *out)
{
    randombytes_buf(out, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE_BYTES, NULL, plain, length,
                                               (const unsigned char *)context, strlen(context),
                                               NULL, out, key);
}

int
secret_open(const unsigned char *key, const char *context, const unsigned char *sealed,
            size_t length, void *out)
{
    if (length < SECRET_OVERHEAD_BYTES)
        return -1;
    return crypto_aead_xchacha20poly1305_ietf_decrypt(
        out, NULL, NULL, sealed + NONCE_BYTES, length - NONCE_BYTES, (const unsigned char *)context,
        strlen(context), sealed, key);
}

char *
secret_base64(const void *bytes, size_t length)
{
    size_t size = sodium_base64_encoded_len(length, BASE64);

    return sodium_bin2base64(mem_alloc(size), size, bytes, length, BASE64);
}

char *
secret_seal_text(const unsigned char *key, const char *context, const char *plain)
{
    size_t length = strlen(plain), sealed_length = length + SECRET_OVERHEAD_BYTES;
    unsigned char *sealed = mem_alloc(sealed_length);
    char *text;

    secret_seal(key, context, plain, length, sealed);
    text = secret_base64(sealed, sealed_length);
    free(sealed);
    return text;
}

char *
secret_open_text(const unsigned char *key, const char *context, const char *text)
{
    size_t size = strlen(text), length;
    unsigned char *sealed = mem_alloc(size);
    char *plain = secret_alloc(size + 1);

    if (sodium_base642bin(sealed, size, text, size, NULL, &length, NULL, BASE64) == 0 &&
        secret_open(key, context, sealed, length, plain) == 0) {
        plain[length - SECRET_OVERHEAD_BYTES] = '\0';
    } else {
        secret_free(plain);
        plain = NULL;
    }
    free(sealed);
    return plain;
}

void
secret_key_text(const unsigned char *key, char *text)
{
    sodium_bin2hex(text, 2 * SECRET_KEY_BYTES + 1, key, SECRET_KEY_BYTES);
}

int
secret_key_parse(const char *text, unsigned char *key)
{
    size_t length;

    if (sodium_hex2bin(key, SECRET_KEY_BYTES, text, strlen(text), NULL, &length, NULL) ||
        length != SECRET_KEY_BYTES)
        return -1;
    return 0;
}

char *
secret_token_new(void)
{
    size_t size = sodium_base64_encoded_len(SECRET_KEY_BYTES, TOKEN_BASE64);
    unsigned char *bytes = secret_alloc(SECRET_KEY_BYTES);
    char *text = secret_alloc(size);

    randombytes_buf(bytes, SECRET_KEY_BYTES);
    sodium_bin2base64(text, size, bytes, SECRET_KEY_BYTES, TOKEN_BASE64);
    secret_free(bytes);
    return text;
}

void
secret_token_hash(const char *token, char text[SECRET_HASH_TEXT_BYTES])
{
    unsigned char hash[crypto_generichash_BYTES];

    crypto_generichash(hash, sizeof hash, (const unsigned char *)token, strlen(token), NULL, 0);
    sodium_bin2hex(text, SECRET_HASH_TEXT_BYTES, hash, sizeof hash);
}

bool
secret_token_matches(const char *token, const char *hash_text)
{
    char text[SECRET_HASH_TEXT_BYTES];

    secret_token_hash(token, text);
    return strlen(hash_text) == sizeof text - 1 &&
           sodium_memcmp(text, hash_text, sizeof text - 1) == 0;
}

void
secret_credentials_hash(const unsigned char *key, const char *username, const char *password,
                        char text[SECRET_HASH_TEXT_BYTES])
{
    unsigned char hash[crypto_generichash_BYTES];
    crypto_generichash_state state;

    crypto_generichash_init(&state, key, SECRET_KEY_BYTES, sizeof hash);
    /* With its NUL, so that no two pairs give the same input. */
    crypto_generichash_update(&state, (const unsigned char *)username, strlen(username) + 1);
    crypto_generichash_update(&state, (const unsigned char *)password, strlen(password));
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(text, SECRET_HASH_TEXT_BYTES, hash, sizeof hash);
    sodium_memzero(&state, sizeof state);
}

void
secret_mask(char *text, const char *secret)
{
    size_t length = secret ? strlen(secret) : 0;

    if (length < 4)
        return;
    for (char *at = strstr(text, secret); at; at = strstr(at + length, secret))
        memset(at, '*', length);
}
