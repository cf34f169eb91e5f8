#include "common/ipc/reply_body.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/secret.h"

static json_t *
encode(const char *body, size_t length)
{
    char *text = secret_base64(body, length);
    json_t *value = json_string(text);

    free(text);
    return value;
}

void
reply_body_set(json_t *reply, const char *content_type, const char *body, size_t length)
{
    if (content_type && !strstr(content_type, "json"))
        json_object_set_new(reply, "base64", encode(body, length));
    else
        json_object_set_new(reply, "body", json_stringn(body ? body : "", length));
}

static char *
decode(const char *text, size_t text_length, size_t *length)
{
    char *body = mem_alloc(text_length + 1);

    if (sodium_base642bin((unsigned char *)body, text_length, text, text_length, NULL, length, NULL,
                          sodium_base64_VARIANT_ORIGINAL)) {
        free(body);
        return NULL;
    }
    body[*length] = '\0';
    return body;
}

char *
reply_body_get(const json_t *reply, size_t *length)
{
    const json_t *base64 = json_object_get(reply, "base64"), *text = json_object_get(reply, "body");
    char *body;

    if (base64)
        return json_is_string(base64)
                   ? decode(json_string_value(base64), json_string_length(base64), length)
                   : NULL;
    if (text && !json_is_string(text))
        return NULL;
    *length = json_string_length(text);
    body = mem_alloc(*length + 1); /* a worker's text may have a NUL in it */
    if (*length)
        memcpy(body, json_string_value(text), *length);
    return body;
}
