/* Each encoding of a password has its own escapes. */
#include "common/json/mask.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/percent.h"
#include "common/base/secret.h"

#define TOKEN_BYTES_MIN 8

/* Pages escape text content and attributes differently: `which` of & < > ". */
static char *
html_escape(const char *text, const char *which)
{
    char *escaped = mem_alloc(6 * strlen(text) + 1), *to = escaped;

    for (; *text; text++) {
        const char *entity = !strchr(which, *text) ? NULL
                             : *text == '&'        ? "&amp;"
                             : *text == '<'        ? "&lt;"
                             : *text == '>'        ? "&gt;"
                                                   : "&quot;";

        if (entity)
            to = stpcpy(to, entity);
        else
            *to++ = *text;
    }
    *to = '\0';
    return escaped;
}

/* As a form sends it (application/x-www-form-urlencoded, URL Standard 5.2). */
static char *
form_encode(const char *text)
{
    char *encoded = mem_alloc(3 * strlen(text) + 1), *to = encoded;

    for (; *text; text++) {
        if (isalnum((unsigned char)*text) || strchr("*-._", *text))
            *to++ = *text;
        else if (*text == ' ')
            *to++ = '+';
        else
            to += sprintf(to, "%%%02X", (unsigned char)*text);
    }
    *to = '\0';
    return encoded;
}

/* Takes over copy. */
static void
mask_copy(char *text, char *copy)
{
    secret_mask(text, copy);
    secret_wipe(copy, strlen(copy));
    free(copy);
}

/* As it is and as a JSON string; takes over copy. */
static void
mask_quoted(char *text, char *copy, size_t flags)
{
    json_t *string = json_string(copy);
    char *quoted = string ? json_dumps(string, JSON_ENCODE_ANY | flags) : NULL;

    if (quoted) {
        quoted[strlen(quoted) - 1] = '\0';
        secret_mask(text, quoted + 1);
        secret_wipe(quoted, strlen(quoted));
        free(quoted);
    }
    json_decref(string);
    mask_copy(text, copy);
}

void
mask_password(char *text, const char *password)
{
    static const char *const escaped[] = {"", "&<>\"", "&<>", "&\""};

    for (size_t i = 0; i < sizeof escaped / sizeof *escaped; i++) {
        mask_quoted(text, html_escape(password, escaped[i]), 0);
        mask_quoted(text, html_escape(password, escaped[i]), JSON_ESCAPE_SLASH);
        mask_quoted(text, html_escape(password, escaped[i]), JSON_ENSURE_ASCII);
    }
    mask_copy(text, percent_encode(password));
    mask_copy(text, form_encode(password));
}

void
mask_secrets(char *text, const json_t *secrets)
{
    const char *name, *secret;
    json_t *value;

    json_object_foreach((json_t *)secrets, name, value)
    {
        secret = json_string_value(value);
        if (secret && strlen(secret) >= TOKEN_BYTES_MIN)
            mask_password(text, secret);
    }
}
