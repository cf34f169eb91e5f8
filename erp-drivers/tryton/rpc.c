/* Builds calls, and turns replies into verdicts. */
#include "erp-drivers/tryton/rpc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/json/number.h"
#include "common/json/text.h"
#include "common/order/reason.h"
#include "erp-drivers/plain_text.h"

#define OK 200
#define PAGE_WORDS_BYTES 160

/* --- calls --- */

char *
tryton_rpc_dump(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    if (!text)
        die_abort("out of memory");
    return text;
}

char *
tryton_rpc_string(const char *text)
{
    json_t *value = json_string(text);
    char *quoted = tryton_rpc_dump(value);

    json_decref(value);
    return quoted;
}

void
tryton_rpc_call(struct erp_request *request, const char *url, const char *method, char *params)
{
    size_t size = strlen(method) + strlen(params) + 64;

    request->kind = ERP_HTTP;
    request->method = "POST";
    request->url = mem_string(url);
    erp_request_header(request, "Content-Type: application/json");
    /* Not mem_format: it may leave copies of a password behind. */
    request->body = mem_alloc(size);
    request->body_length = (size_t)snprintf(
        request->body, size, "{\"id\":1,\"method\":\"%s\",\"params\":%s}", method, params);
    secret_wipe(params, strlen(params));
    free(params);
}

/* --- errors --- */

/* [name, message] or, for an exception inside the ERP, [message, trace]. */
static const struct rpc_error {
    const char *name;
    int index; /* index of the message among the exception's arguments; -1: the name is enough */
    enum erp_verdict verdict;
    const char *reason_code;
} rpc_errors[] = {
    {"UserError", 0, ERP_REJECT, REASON_ERP_REJECTED},
    {"UserWarning", 1, ERP_REJECT, REASON_ERP_REJECTED},
    {"ConcurrencyException", 0, ERP_RETRY, REASON_WORKSHEET_LOCKED},
    {"LoginException", 1, ERP_PARK, REASON_AUTH_FAILED},
    {"database is locked", -1, ERP_RETRY, REASON_ERP_BUSY},
};

static const struct rpc_error rpc_failure = {
    .index = -1, .verdict = ERP_RETRY, .reason_code = REASON_ERP_FAILURE};

static const struct rpc_error *
rpc_error_find(const char *name)
{
    for (size_t i = 0; i < sizeof rpc_errors / sizeof *rpc_errors; i++)
        if (strcmp(rpc_errors[i].name, name) == 0)
            return &rpc_errors[i];
    return &rpc_failure;
}

/* The message, followed by the description if there is one. */
static char *
rpc_words(const json_t *error, const struct rpc_error *kind)
{
    const json_t *arguments = json_array_get(error, 1);
    const char *name = json_string_value(json_array_get(error, 0));
    const char *message, *more;

    if (kind->index < 0)
        return mem_string(name);
    if (!json_is_array(arguments)) {
        message = json_string_value(arguments);
        return mem_string(message ? message : name);
    }
    message = json_string_value(json_array_get(arguments, (size_t)kind->index));
    more = kind->verdict == ERP_REJECT
               ? json_string_value(json_array_get(arguments, (size_t)kind->index + 1))
               : NULL;
    return mem_format("%s%s%s", message ? message : name, more && *more ? ": " : "",
                      more ? more : "");
}

static enum erp_verdict
rpc_refused(const json_t *error, const char *what, const char *secret, struct erp_outcome *outcome)
{
    const char *name = json_string_value(json_array_get(error, 0));
    const struct rpc_error *kind;
    char *message;

    if (!name)
        return tryton_rpc_nonsense(outcome, what);
    kind = rpc_error_find(name);
    message = rpc_words(error, kind);
    secret_mask(message, secret); /* before it is cut: half a password must not leak either */
    if (kind->verdict == ERP_REJECT)
        erp_end(outcome, kind->verdict, kind->reason_code, "%s", message);
    else
        erp_end(outcome, kind->verdict, kind->reason_code, "%s: %s", what, message);
    free(message);
    return kind->verdict;
}

/* Any status but 200. */
static enum erp_verdict
page_refused(const struct erp_reply *reply, const char *what, const char *secret,
             struct erp_outcome *outcome)
{
    char *page = mem_string(reply->body ? reply->body : "");
    int64_t retry_after_ms = reply->retry_after_ms;
    const char *code = REASON_ERP_FAILURE;

    if (erp_reply_technical(reply, what, outcome))
        code = outcome->reason_code;
    secret_mask(page, secret);
    plain_text(page, PAGE_WORDS_BYTES);
    erp_end(outcome, ERP_RETRY, code, "%s: status %d%s%s", what, reply->status, *page ? ": " : "",
            page);
    outcome->retry_after_ms = retry_after_ms;
    free(page);
    return ERP_RETRY;
}

enum erp_verdict
tryton_rpc_nonsense(struct erp_outcome *outcome, const char *what)
{
    return erp_end(outcome, ERP_RETRY, REASON_ERP_FAILURE, "%s: unexpected answer from the ERP",
                   what);
}

/* --- results --- */

static json_t *
reply_parse(const struct erp_reply *reply)
{
    char *text;
    json_t *root;

    if (!reply->body || strlen(reply->body) != reply->body_length ||
        !json_text_within(reply->body, reply->body_length, ERP_REPLY_VALUES_MAX))
        return NULL;
    text = json_number_quote(reply->body, reply->body_length);
    root = json_loads(text, 0, NULL);
    free(text);
    return root;
}

enum erp_verdict
tryton_rpc_result(const struct erp_reply *reply, const char *what, const char *secret,
                  json_t **result, struct erp_outcome *outcome)
{
    enum erp_verdict verdict = ERP_SEND;
    json_t *root, *error;

    if (!reply->complete && erp_reply_technical(reply, what, outcome))
        return ERP_RETRY;
    if (reply->status != OK)
        return page_refused(reply, what, secret, outcome);
    root = reply_parse(reply);
    error = json_object_get(root, "error");
    *result = json_incref(json_object_get(root, "result"));
    if (error && !json_is_null(error)) {
        json_decref(*result);
        *result = NULL;
        verdict = rpc_refused(error, what, secret, outcome);
    } else if (!*result) {
        verdict = tryton_rpc_nonsense(outcome, what);
    }
    json_decref(root);
    return verdict;
}

bool
tryton_rpc_number(const json_t *value, char *text, size_t size)
{
    char whole[24];

    if (json_is_object(value))
        value = json_object_get(value, "decimal");
    if (json_is_string(value))
        return json_number_plain(json_string_value(value), text, size);
    if (!json_is_integer(value))
        return false;
    snprintf(whole, sizeof whole, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return json_number_plain(whole, text, size);
}
