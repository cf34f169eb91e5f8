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

static void
keep_password(json_t *document, const json_t *stored)
{
    json_t *credentials = json_object_get(document, "credentials");
    const json_t *before = json_object_get(stored, "credentials"),
                 *password = json_object_get(credentials, "password");
    bool shown = json_is_true(json_object_get(password, "sealed"));

    if (text_of(credentials, "username") && text_equal(credentials, before, "username") &&
        (!password || shown))
        keep_member(credentials, before, "password");
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
    keep_password(document, stored);
    keep_hashes(json_object_get(document, "api_tokens"), json_object_get(stored, "api_tokens"));
    return document;
}

static const char *
sealed_text(const json_t *document)
{
    return text_of(json_object_get(json_object_get(document, "credentials"), "password"), "sealed");
}

/* The password sealed in `stored`, if it was sealed for document's place: a secret string; NULL if
 * there is none, or the key is NULL or wrong. */
static char *
opened(const json_t *stored, const json_t *document, const unsigned char *key)
{
    char *binding = sealed_binding(document);
    char *password = sealed_open(key, binding, sealed_text(stored));

    free(binding);
    return password;
}

/* The password to be sealed, as a secret string; NULL: none. */
static char *
unsealed_password(const json_t *document, const unsigned char *key, const unsigned char *old_key)
{
    const char *plain = text_of(json_object_get(document, "credentials"), "password");

    if (plain)
        return secret_string(plain);
    if (document_opens(document, key, NULL))
        return NULL;
    return opened(document, document, old_key)
               ?: sealed_open_unbound(key, sealed_text(document))
                      ?: sealed_open_unbound(old_key, sealed_text(document));
}

/* The stored sealed text of this very password for the same place; NULL if there is none. */
static char *
same_sealed(const json_t *stored, const json_t *document, const char *password,
            const unsigned char *key)
{
    char *plain = opened(stored, document, key);
    char *same = plain && strcmp(plain, password) == 0 ? mem_string(sealed_text(stored)) : NULL;

    secret_free(plain);
    return same;
}

void
document_seal(json_t *document, const json_t *stored, const unsigned char *key,
              const unsigned char *old_key)
{
    char *password = unsealed_password(document, key, old_key), *binding, *sealed;

    if (!password)
        return;
    binding = sealed_binding(document);
    sealed = same_sealed(stored, document, password, key) ?: sealed_make(key, binding, password);
    json_object_set_new(json_object_get(document, "credentials"), "password",
                        json_pack("{ss}", "sealed", sealed));
    free(sealed);
    free(binding);
    secret_free(password);
}

bool
document_is_unbound(const json_t *document)
{
    return sealed_text(document) && sealed_is_unbound(sealed_text(document));
}

bool
document_opens(const json_t *document, const unsigned char *key, const unsigned char *old_key)
{
    char *password = opened(document, document, key) ?: opened(document, document, old_key);
    bool opens = !sealed_text(document) || password;

    secret_free(password);
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
