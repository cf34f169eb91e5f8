/* Sealed secrets in configuration files, each bound to the server that it was given for.
 *
 * A member of the control group may change a workshop's configuration but not read its password: if
 * that changes, the sealed password no longer opens and must be given again. The binding is
 * authenticated, not stored. Text: "2:" and base64. Earlier versions wrote only base64, unbound:
 * such a value is accepted from a file that root wrote, never from a client. */
#ifndef COMMON_CONFIG_SEALED_H
#define COMMON_CONFIG_SEALED_H

#include <jansson.h>
#include <stdbool.h>

/* What a workshop's ERP password is bound to: system, origins of `url` and `webdriver_url`,
 * ca_file, recipe and its options (they may be part of the URLs it opens), the browser's program
 * and arguments (which may name a proxy). document is the workshop's, valid or not; the caller
 * frees the text. */
char *sealed_binding(const json_t *document);

/* What the callback's secret is bound to: scheme, host and port of its URL. */
char *sealed_callback_binding(const json_t *document);

/* The secrets that a workshop's document may have. */
struct sealed_secret {
    const char *object, *member;
    const char *pointer;  /* of the member */
    const char *bound_to; /* the object that it is bound to */
    char *(*binding)(const json_t *document);
    bool unbound;       /* an earlier version may have sealed it unbound */
    const char *server; /* of the object, and its members that are part of the binding */
};

/* By what they seal: an ERP's password comes first, a callback's secret second. NULL after the
 * last. */
enum { SEALED_PASSWORD, SEALED_CALLBACK };
const struct sealed_secret *sealed_secret_at(size_t i);

/* The caller frees it. */
char *sealed_make(const unsigned char *key, const char *binding, const char *plain);

/* A secret string (secret_free); NULL: wrong key, another binding, or not a sealed value. key may
 * be NULL. */
char *sealed_open(const unsigned char *key, const char *binding, const char *text);

/* A value sealed by an earlier version, which is bound to nothing. */
bool sealed_is_unbound(const char *text);
char *sealed_open_unbound(const unsigned char *key, const char *text);

#endif
