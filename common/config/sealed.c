/* Sealing, and what a value is bound to. */
#include "common/config/sealed.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/secret.h"

#define BOUND "2:"
#define CONTEXT "credentials"

/* "https://host:443", in lower case and with an explicit port; NULL if it is not such a URL. */
static char *
origin_of(const json_t *value)
{
    const char *url = json_string_value(value), *host = url ? strstr(url, "://") : NULL;
    size_t length = host ? strcspn(host + 3, "/?#") : 0;
    bool secure = url && strncasecmp(url, "https:", 6) == 0;
    char *origin, *port, *bracket;

    if (!host)
        return NULL;
    origin = mem_format("%.*s", (int)(host + 3 - url + (long)length), url);
    for (char *p = origin; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    bracket = strchr(origin, ']');
    port = strchr(bracket ? bracket : origin + (host + 3 - url), ':');
    if (!port) {
        char *whole = mem_format("%s:%d", origin, secure ? 443 : 80);

        free(origin);
        return whole;
    }
    return origin;
}

static json_t *
origin_json(const json_t *erp, const char *name)
{
    char *origin = origin_of(json_object_get(erp, name));
    json_t *value = origin ? json_string(origin) : json_null();

    free(origin);
    return value;
}

static json_t *
member_json(const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);

    return value ? json_deep_copy(value) : json_null();
}

char *
sealed_binding(const json_t *document)
{
    const json_t *erp = json_object_get(document, "erp"),
                 *browser = json_object_get(erp, "browser");
    json_t *binding =
        json_pack("[o, o, o, o, o, o, o, o]", member_json(erp, "system"), origin_json(erp, "url"),
                  origin_json(erp, "webdriver_url"), member_json(erp, "ca_file"),
                  member_json(erp, "recipe"), member_json(erp, "options"),
                  member_json(browser, "binary"), member_json(browser, "arguments"));
    char *text = json_dumps(binding, JSON_COMPACT | JSON_SORT_KEYS);

    if (!text)
        die_abort("cannot write a binding as JSON");
    json_decref(binding);
    return text;
}

char *
sealed_callback_binding(const json_t *document)
{
    json_t *binding =
        json_pack("[s, o]", "callback", origin_json(json_object_get(document, "callback"), "url"));
    char *text = json_dumps(binding, JSON_COMPACT);

    if (!text)
        die_abort("cannot write a binding as JSON");
    json_decref(binding);
    return text;
}

const struct sealed_secret *
sealed_secret_at(size_t i)
{
    static const struct sealed_secret secrets[] = {
        [SEALED_PASSWORD] = {"credentials", "password", "/credentials/password", "erp",
                             sealed_binding, true,
                             "ERP (system, host, port, ca_file, recipe, options, browser)"},
        [SEALED_CALLBACK] = {"callback", "secret", "/callback/secret", "callback",
                             sealed_callback_binding, false, "receiver (scheme, host, port)"}};

    return i < sizeof secrets / sizeof *secrets ? &secrets[i] : NULL;
}

static char *
context_of(const char *binding)
{
    return mem_format(CONTEXT " for %s", binding);
}

char *
sealed_make(const unsigned char *key, const char *binding, const char *plain)
{
    char *context = context_of(binding), *base64 = secret_seal_text(key, context, plain);
    char *text = mem_format(BOUND "%s", base64);

    free(base64);
    free(context);
    return text;
}

char *
sealed_open(const unsigned char *key, const char *binding, const char *text)
{
    char *context, *plain;

    if (!key || !text || strncmp(text, BOUND, strlen(BOUND)))
        return NULL;
    context = context_of(binding);
    plain = secret_open_text(key, context, text + strlen(BOUND));
    free(context);
    return plain;
}

bool
sealed_is_unbound(const char *text)
{
    return strncmp(text, BOUND, strlen(BOUND)) != 0;
}

char *
sealed_open_unbound(const unsigned char *key, const char *text)
{
    return key && text && sealed_is_unbound(text) ? secret_open_text(key, CONTEXT, text) : NULL;
}
