/* What is kept of a page that is not as expected: a picture, and its source without the password.
 */
#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/percent.h"
#include "common/base/secret.h"
#include "erp-drivers/webdriver/attempt.h"

#define SOURCE_BYTES_MAX (1u << 20)

char *
evidence_png(const json_t *value, size_t *length)
{
    size_t size = json_string_length(value);
    char *bytes = mem_alloc(size + 1);

    if (size && sodium_base642bin((unsigned char *)bytes, size, json_string_value(value), size,
                                  NULL, length, NULL, sodium_base64_VARIANT_ORIGINAL) == 0) {
        bytes[*length] = '\0';
        return bytes;
    }
    free(bytes);
    return NULL;
}

void
evidence_picture(struct attempt *a, const json_t *value)
{
    size_t length;
    char *bytes = evidence_png(value, &length);

    if (bytes)
        erp_outcome_evidence(&a->outcome, "png", bytes, length);
}

/* Pages escape a text in one way, an attribute in another: `which` of & < > ". */
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

static void
mask_copy(char *source, char *copy)
{
    if (copy)
        secret_mask(source, copy);
    template_free(copy);
}

void
evidence_mask(char *text, const char *password)
{
    json_t *string = json_string(password);
    char *quoted = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;

    secret_mask(text, password);
    mask_copy(text, html_escape(password, "&<>\""));
    mask_copy(text, html_escape(password, "&<>"));
    mask_copy(text, html_escape(password, "&\""));
    mask_copy(text, percent_encode(password));
    mask_copy(text, form_encode(password));
    if (quoted) {
        quoted[strlen(quoted) - 1] = '\0';
        secret_mask(text, quoted + 1);
    }
    template_free(quoted);
    json_decref(string);
}

void
evidence_source(struct attempt *a, const json_t *value)
{
    const char *text = json_string_value(value);
    char *source, *cut;

    if (!text)
        return;
    source = mem_string(text);
    if (a->job->auth)
        evidence_mask(source, a->job->auth->password);
    cut = mem_alloc(SOURCE_BYTES_MAX + 1);
    text_copy(cut, SOURCE_BYTES_MAX + 1, source);
    template_free(source);
    erp_outcome_evidence(&a->outcome, "html", cut, strlen(cut));
}
