/* The signature. */
#include "worker/callback/webhook.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/secret.h"

#define BASE64_BYTES                                                                               \
    sodium_base64_ENCODED_LEN(crypto_auth_hmacsha256_BYTES, sodium_base64_VARIANT_ORIGINAL)

char *
webhook_signature(const unsigned char *key, size_t key_length, const char *id, int64_t timestamp_s,
                  const char *body)
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    char *head = mem_format("%s.%lld.", id, (long long)timestamp_s), text[BASE64_BYTES];
    crypto_auth_hmacsha256_state state;

    crypto_auth_hmacsha256_init(&state, key, key_length);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)head, strlen(head));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)body, strlen(body));
    crypto_auth_hmacsha256_final(&state, mac);
    secret_wipe(&state, sizeof state);
    sodium_bin2base64(text, sizeof text, mac, sizeof mac, sodium_base64_VARIANT_ORIGINAL);
    free(head);
    return mem_format("v1,%s", text);
}
