/* Calls that go on to the daemon: the route's path with the workshop's slug, for the account. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/percent.h"
#include "common/base/secret.h"
#include "common/http/upstream.h"
#include "common/json/text.h"
#include "supervisor/console/api/internal.h"

struct passage {
    struct web *web;
    struct link *link;
    struct call *call;
    char name[ACCOUNT_NAME_MAX + 1];
    enum role role;
    bool filtered, evidence;
    char *token; /* a new one, for the reply only; NULL: none */
};

/* The pattern below /api, its parameters encoded anew: so nothing that a browser sends becomes part
 * of the path but a parameter's value. */
static char *
target_of(const struct request *request, const struct call *call)
{
    const char *at = request->pattern + strlen("/api");
    char *target = mem_string("");
    unsigned param = 0;

    while (*at == '/') {
        size_t length = strcspn(at + 1, "/");
        const char *value = param == 0 && request->slug ? request->slug : call->params[param];
        char *segment =
            at[1] == '{' ? percent_encode(value) : mem_format("%.*s", (int)length, at + 1);
        char *longer = mem_format("%s/%s", target, segment);

        param += at[1] == '{';
        free(segment);
        free(target);
        target = longer;
        at += 1 + length;
    }
    if (call->query) {
        char *longer = mem_format("%s?%s", target, call->query);

        free(target);
        target = longer;
    }
    return target;
}

static void
unreachable(struct call *call, const char *why)
{
    call_header(call, "Retry-After", "5");
    call_problem(call, 503, "daemon_unreachable", NULL, "%s", why);
}

/* What a page of the ERP contains must not be run in our name. */
static const char *
harmless(const char *type)
{
    static const char *const pictures[] = {"image/png", "image/jpeg"};

    for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++)
        if (strcasecmp(type, pictures[i]) == 0)
            return pictures[i];
    return "text/plain; charset=utf-8";
}

static void
send_filtered(const struct passage *passage, const struct upstream_reply *reply)
{
    const struct request request = {.web = passage->web};
    char *text = filter_reply(&request, passage->name, passage->role, reply->body, reply->length);

    if (text)
        call_reply_owned(passage->call, reply->status, reply->content_type, text, strlen(text));
    else
        call_problem(passage->call, 502, "bad_reply", NULL, "invalid reply from the daemon");
}

/* The daemon has only its hash. */
static void
send_token(const struct passage *passage, const struct upstream_reply *reply)
{
    struct err err;
    json_t *body = json_text_read(reply->body, reply->length, 0, &err);

    if (!json_is_object(body)) {
        json_decref(body);
        body = json_object();
    }
    json_object_set_new(body, "token", json_string(passage->token));
    call_reply(passage->call, reply->status, body);
}

static void
on_reply(const struct upstream_reply *reply, void *arg)
{
    struct passage *passage = arg;
    struct call *call = passage->call;

    passage->link->passages--;
    if (*reply->etag) { /* a proxy that compresses changes the tag; If-Match takes the other */
        call_header_add(call, "ETag", reply->etag);
        call_header_add(call, "Pumpline-Version", reply->etag);
    }
    if (*reply->allow)
        call_header_add(call, "Allow", reply->allow);
    if (*reply->retry_after)
        call_header_add(call, "Retry-After", reply->retry_after);
    if (!reply->status)
        unreachable(call, reply->body);
    else if (passage->filtered && reply->status == 200)
        send_filtered(passage, reply);
    else if (passage->token && reply->status < 300)
        send_token(passage, reply);
    else
        call_reply_text(call, reply->status,
                        passage->evidence && reply->status == 200 ? harmless(reply->content_type)
                                                                  : reply->content_type,
                        reply->body, reply->length);
    secret_free(passage->token);
    free(passage);
}

static void
send_on(const struct request *request, const struct call *call, const char *target,
        struct passage *passage)
{
    const struct upstream_request upstream = {
        .method = strcmp(call->method, "HEAD") ? call->method : "GET",
        .target = target,
        .by = account_name(request->account),
        .content_type = call->body_length ? "application/json" : NULL,
        .if_match = call->if_match,
        .body = call->body,
        .length = call->body_length};

    upstream_send(request->web->base, request->link->socket->path, &upstream, on_reply, passage);
}

/* Takes over token. */
static void
pass(struct call *call, const struct request *request, bool evidence, char *token)
{
    struct passage *passage;
    char *target;

    if (request->link->passages >= PASSAGES_MAX) {
        secret_free(token);
        unreachable(call, "too many calls at once");
        return;
    }
    passage = mem_alloc(sizeof *passage);
    target = target_of(request, call);
    *passage = (struct passage){.web = request->web,
                                .link = request->link,
                                .call = call,
                                .role = request->role,
                                .evidence = evidence,
                                .token = token};
    text_copy(passage->name, sizeof passage->name, account_name(request->account));
    passage->filtered = !request->slug && account_role(request->account, NULL) < request->role;
    request->link->passages++;
    send_on(request, call, target, passage);
    free(target);
}

void
proxy(struct call *call, void *context)
{
    if (call->body_length && !call_is_json(call))
        call_problem(call, 415, "unsupported_media_type", NULL,
                     "Content-Type must be application/json");
    else
        pass(call, context, false, NULL);
}

void
proxy_evidence(struct call *call, void *context)
{
    pass(call, context, true, NULL);
}

static void
replace_body(struct call *call, json_t *body)
{
    secret_wipe(call->body, call->body_length);
    free(call->body);
    call->body = json_dumps(body, JSON_COMPACT);
    call->body_length = strlen(call->body);
    json_decref(body);
}

/* The workshop is that of the path, for which the role was checked, whatever the body says. */
void
proxy_seal(struct call *call, void *context)
{
    struct request *request = context;
    json_t *body = call_object(call);

    if (!body)
        return;
    json_object_set_new(body, "workshop",
                        json_string(request->slug ? request->slug : call->params[0]));
    replace_body(call, body);
    request->pattern = "/api/seal";
    pass(call, request, false, NULL);
}

/* A browser has no BLAKE2b, so the token is made here. */
void
proxy_token(struct call *call, void *context)
{
    json_t *body = call_object(call);
    char *token, hash[SECRET_HASH_TEXT_BYTES];

    if (!body)
        return;
    token = secret_token_new();
    secret_token_hash(token, hash);
    json_object_set_new(body, "hash", json_string(hash));
    replace_body(call, body);
    pass(call, context, false, token);
}
