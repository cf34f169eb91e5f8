/* From a client's document to the stored one. */
#include "supervisor/daemon/document.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/config/sealed.h"

#define REAL_DIGITS 15 /* as many as a double keeps: 0.05 stays 0.05 */

static bool
slug_character(char *c)
{
    if (*c >= 'A' && *c <= 'Z')
        *c = (char)(*c + ('a' - 'A'));
    return (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9');
}

void
document_slug(const char *name, char slug[CONFIG_SLUG_MAX + 1])
{
    size_t used = 0;

    for (; *name && used < CONFIG_SLUG_MAX; name++) {
        char c = *name;

        if (slug_character(&c))
            slug[used++] = c;
        else if (used && slug[used - 1] != '-')
            slug[used++] = '-';
    }
    while (used && slug[used - 1] == '-')
        used--;
    slug[used] = '\0';
}

static const char *
text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* Equal texts, or missing in both. */
static bool
text_equal(const json_t *a, const json_t *b, const char *name)
{
    const char *x = text_of(a, name), *y = text_of(b, name);

    return x && y ? strcmp(x, y) == 0 : x == y;
}

static void
keep_member(json_t *object, const json_t *stored, const char *name)
{
    json_t *value = json_object_get(stored, name);

    if (value)
        json_object_set_new(object, name, json_deep_copy(value));
}

/* A secret that is left out, or given as replies show it. */
static bool
is_withheld(const json_t *object, const char *name)
{
    const json_t *secret = json_object_get(object, name);

    return !secret || json_is_true(json_object_get(secret, "sealed"));
}

static void
keep_password(json_t *document, const json_t *stored)
{
    json_t *credentials = json_object_get(document, "credentials");
    const json_t *before = json_object_get(stored, "credentials");

    if (text_of(credentials, "username") && text_equal(credentials, before, "username") &&
        is_withheld(credentials, "password"))
        keep_member(credentials, before, "password");
}

static void
keep_callback_secret(json_t *document, const json_t *stored)
{
    json_t *callback = json_object_get(document, "callback");

    if (is_withheld(callback, "secret"))
        keep_member(callback, json_object_get(stored, "callback"), "secret");
}

static bool
is_unnamed(const json_t *token, const char *scope)
{
    return scope && !json_object_get(token, "name") && text_of(token, "scope") &&
           strcmp(text_of(token, "scope"), scope) == 0;
}

static size_t
count_unnamed(const json_t *tokens, const char *scope, bool without_hash)
{
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(tokens); i++) {
        const json_t *token = json_array_get(tokens, i);

        count += is_unnamed(token, scope) && !(without_hash && json_object_get(token, "hash"));
    }
    return count;
}

/* The stored token that the nth unnamed token of a scope stands for. */
static const json_t *
find_unnamed(const json_t *stored, const char *scope, size_t nth)
{
    for (size_t i = 0; i < json_array_size(stored); i++)
        if (is_unnamed(json_array_get(stored, i), scope) && !nth--)
            return json_array_get(stored, i);
    return NULL;
}

static const json_t *
find_named(const json_t *stored, const json_t *token)
{
    for (size_t i = 0; text_of(token, "name") && i < json_array_size(stored); i++)
        if (text_equal(json_array_get(stored, i), token, "name"))
            return json_array_get(stored, i);
    return NULL;
}

static void
keep_hashes(json_t *tokens, const json_t *stored)
{
    json_t *shown; /* without a hash, while hashes are filled in */

    if (json_array_size(tokens) > CONFIG_TOKENS_MAX) /* which makes it invalid */
        return;
    shown = json_deep_copy(tokens);
    for (size_t i = 0; i < json_array_size(tokens); i++) {
        json_t *token = json_array_get(tokens, i);
        const char *scope = text_of(token, "scope");
        const json_t *before = find_named(stored, token);

        json_object_del(token, "last_used_at"); /* shown, not configured */
        if (json_object_get(token, "hash"))
            continue;
        if (is_unnamed(token, scope) &&
            count_unnamed(shown, scope, true) == count_unnamed(stored, scope, false))
            before = find_unnamed(stored, scope,
                                  count_unnamed(shown, scope, true) -
                                      count_unnamed(tokens, scope, true));
        keep_member(token, before, "hash");
    }
    json_decref(shown);
}

json_t *
document_complete(const json_t *sent, const json_t *stored)
{
    static const char *const not_needed[] = {"active", "api_tokens"};
    json_t *document = json_deep_copy(sent);

    for (size_t i = 0; i < sizeof not_needed / sizeof *not_needed; i++)
        if (!json_object_get(document, not_needed[i]))
            keep_member(document, stored, not_needed[i]);
    keep_member(document, stored, "moved_out"); /* only root lifts it, in the file */
    keep_password(document, stored);
    keep_callback_secret(document, stored);
    keep_hashes(json_object_get(document, "api_tokens"), json_object_get(stored, "api_tokens"));
    return document;
}

static const char *
sealed_text(const json_t *document, const struct sealed_secret *secret)
{
    const json_t *value =
        json_object_get(json_object_get(document, secret->object), secret->member);

    return text_of(value, "sealed");
}

/* The secret sealed in `stored`, if it has the same binding as in document: a secret string; NULL
 * if there is none, or the key is NULL or wrong. */
static char *
opened(const json_t *stored, const json_t *document, const struct sealed_secret *secret,
       const unsigned char *key)
{
    char *binding = secret->binding(document);
    char *plain = sealed_open(key, binding, sealed_text(stored, secret));

    free(binding);
    return plain;
}

/* The secret to be sealed, as a secret string; NULL: none. */
static char *
unsealed(const json_t *document, const struct sealed_secret *secret, const unsigned char *key,
         const unsigned char *old_key)
{
    const char *plain = text_of(json_object_get(document, secret->object), secret->member),
               *unbound = secret->unbound ? sealed_text(document, secret) : NULL;

    if (plain)
        return secret_string(plain);
    if (document_opens(document, secret, key, NULL))
        return NULL;
    return opened(document, document, secret, old_key)
               ?: sealed_open_unbound(key, unbound) ?: sealed_open_unbound(old_key, unbound);
}

/* The stored sealed text of this very secret with the same binding; NULL if there is none. */
static char *
same_sealed(const json_t *stored, const json_t *document, const struct sealed_secret *secret,
            const char *plain, const unsigned char *key)
{
    char *before = opened(stored, document, secret, key);
    char *same =
        before && strcmp(before, plain) == 0 ? mem_string(sealed_text(stored, secret)) : NULL;

    secret_free(before);
    return same;
}

static void
seal_one(json_t *document, const struct sealed_secret *secret, const json_t *stored,
         const unsigned char *key, const unsigned char *old_key)
{
    char *plain = unsealed(document, secret, key, old_key), *binding, *sealed;

    if (!plain)
        return;
    binding = secret->binding(document);
    sealed = same_sealed(stored, document, secret, plain, key) ?: sealed_make(key, binding, plain);
    json_object_set_new(json_object_get(document, secret->object), secret->member,
                        json_pack("{ss}", "sealed", sealed));
    free(sealed);
    free(binding);
    secret_free(plain);
}

void
document_seal(json_t *document, const json_t *stored, const unsigned char *key,
              const unsigned char *old_key)
{
    const struct sealed_secret *secret;

    for (size_t i = 0; (secret = sealed_secret_at(i)); i++)
        seal_one(document, secret, stored, key, old_key);
}

bool
document_is_unbound(const json_t *document, const struct sealed_secret *secret)
{
    const char *sealed = sealed_text(document, secret);

    return secret->unbound && sealed && sealed_is_unbound(sealed);
}

bool
document_opens(const json_t *document, const struct sealed_secret *secret, const unsigned char *key,
               const unsigned char *old_key)
{
    char *plain =
        opened(document, document, secret, key) ?: opened(document, document, secret, old_key);
    bool opens = !sealed_text(document, secret) || plain;

    secret_free(plain);
    return opens;
}

char *
document_text(const json_t *document)
{
    char *json = json_dumps(document, JSON_INDENT(2) | JSON_REAL_PRECISION(REAL_DIGITS));
    char *text;

    if (!json)
        die_abort("cannot write a workshop's document as JSON");
    text = mem_format("%s\n", json);
    free(json);
    return text;
}
