/* Commands out, replies in. */
#include "erp-drivers/webdriver/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/percent.h"
#include "common/json/text.h"

/* --- commands --- */

void
wire_send(struct erp_request *request, const char *method, const char *base, const char *session,
          const char *command, json_t *body)
{
    size_t length = strlen(base);
    char *id = session ? percent_encode(session) : NULL;

    while (length && base[length - 1] == '/')
        length--;
    request->kind = ERP_HTTP;
    request->method = method;
    request->url = mem_format("%.*s/session%s%s%s%s", (int)length, base, id ? "/" : "",
                              id ? id : "", command ? "/" : "", command ? command : "");
    free(id);
    if (strcmp(method, "POST") == 0) {
        /* Some drivers close the connection if an empty object is sent where no body is expected.
         */
        request->body = body ? json_dumps(body, JSON_COMPACT) : mem_string("{}");
        if (!request->body)
            die_abort("out of memory");
        request->body_length = strlen(request->body);
        erp_request_header(request, "Content-Type: application/json; charset=utf-8");
    }
    json_decref(body);
}

/* --- replies --- */

static const struct {
    const char *error; /* of the standard */
    enum wire_kind kind;
} errors[] = {
    {"stale element reference", WIRE_STALE},
    {"no such element", WIRE_AGAIN},
    {"element click intercepted", WIRE_AGAIN},
    {"element not interactable", WIRE_AGAIN},
    {"move target out of bounds", WIRE_AGAIN},
    {"no such frame", WIRE_AGAIN},
    {"no such window", WIRE_NO_WINDOW},
    {"unexpected alert open", WIRE_DIALOG},
    {"no such alert", WIRE_NO_DIALOG},
    {"timeout", WIRE_SLOW},
    {"script timeout", WIRE_SLOW},
    {"javascript error", WIRE_REFUSED},
    {"invalid selector", WIRE_REFUSED},
    {"invalid argument", WIRE_REFUSED},
    {"invalid element state", WIRE_REFUSED},
};

/* Anything not in the table means that the browser or its driver is unusable. */
static enum wire_kind
kind_of(const char *error, const char *message)
{
    if (strstr(message, "net::ERR_") || strstr(message, "about:neterror"))
        return WIRE_UNREACHABLE;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (strcmp(errors[i].error, error) == 0)
            return errors[i].kind;
    return WIRE_GONE;
}

static void
take_error(struct wire_reply *wire, const json_t *value)
{
    const char *error = json_string_value(json_object_get(value, "error"));
    const char *message = json_string_value(json_object_get(value, "message"));
    const json_t *data = json_object_get(value, "data");
    const char *dialog = json_string_value(json_object_get(data, "text"));

    message = message ? message : "";
    wire->kind = error ? kind_of(error, message) : WIRE_GONE;
    /* The first line is followed by the driver's own trace. */
    snprintf(wire->message, sizeof wire->message, "%.*s", (int)strcspn(message, "\n"), message);
    if (!*wire->message)
        text_copy(wire->message, sizeof wire->message,
                  error ? error : "unexpected reply: not a WebDriver server?");
    text_copy(wire->dialog, sizeof wire->dialog, dialog ? dialog : "");
    text_clean(wire->message);
    text_clean(wire->dialog);
}

void
wire_read(const struct erp_reply *reply, struct wire_reply *wire)
{
    *wire = (struct wire_reply){.kind = WIRE_CUT, .sent = reply->sent, .ended = reply->ended};
    if (!reply->complete) {
        text_copy(wire->message, sizeof wire->message,
                  reply->error ? reply->error : "no reply from the WebDriver server");
        text_clean(wire->message);
        return;
    }
    if (reply->body && json_text_within(reply->body, reply->body_length, ERP_REPLY_VALUES_MAX))
        wire->root = json_loadb(reply->body, reply->body_length, JSON_ALLOW_NUL, NULL);
    wire->value = json_object_get(wire->root, "value");
    if (reply->status == 200 && wire->value)
        wire->kind = WIRE_OK;
    else
        take_error(wire, wire->value);
}

void
wire_clear(struct wire_reply *wire)
{
    json_decref(wire->root);
    *wire = (struct wire_reply){.kind = WIRE_CUT};
}

/* Real ones have up to about a hundred bytes. Escaping turns any bytes into one segment of a path,
 * except an empty text and dots, which are resolved even if escaped. */
const char *
wire_id(const json_t *value)
{
    const char *id = json_string_value(value);

    if (!id || !*id || strlen(id) != json_string_length(value) || strlen(id) > WIRE_ID_MAX ||
        strcmp(id, ".") == 0 || strcmp(id, "..") == 0)
        return NULL;
    return id;
}

const char *
wire_element(const json_t *value)
{
    return wire_id(json_object_get(value, WIRE_ELEMENT));
}
