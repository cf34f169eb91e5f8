#include "supervisor/console/api/fan.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/http/upstream.h"
#include "common/json/text.h"

struct fan *
fan_new(const struct request *request, struct call *call, unsigned patience_s,
        void (*done)(struct fan *fan), void *state)
{
    struct fan *fan = mem_alloc(sizeof *fan);
    struct daemons *daemons = request->web->daemons;

    *fan = (struct fan){.web = request->web,
                        .call = call,
                        .role = request->role,
                        .patience_s = patience_s,
                        .count = daemons->count,
                        .done = done,
                        .state = state};
    text_copy(fan->name, sizeof fan->name, account_name(request->account));
    fan->limited = account_role(request->account, NULL) < request->role;
    for (size_t i = 0; i < fan->count; i++)
        fan->parts[i] = (struct fan_part){.fan = fan, .link = &daemons->links[i]};
    return fan;
}

void
fan_free(struct fan *fan)
{
    for (size_t i = 0; i < fan->count; i++)
        free(fan->parts[i].body);
    free(fan);
}

static void
on_reply(const struct upstream_reply *reply, void *arg)
{
    struct fan_part *part = arg;
    struct fan *fan = part->fan;

    part->link->passages--;
    part->status = reply->status;
    text_copy(part->content_type, sizeof part->content_type, reply->content_type);
    if (reply->status) {
        part->length = reply->length;
        part->body = mem_alloc(reply->length + 1);
        memcpy(part->body, reply->body, reply->length);
    }
    if (--fan->awaited == 0)
        fan->done(fan);
}

void
fan_ask(struct fan *fan, size_t at, const char *target, const json_t *body)
{
    struct fan_part *part = &fan->parts[at];
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    const struct upstream_request request = {
        .method = strcmp(fan->call->method, "HEAD") ? fan->call->method : "GET",
        .target = target,
        .by = fan->name,
        .content_type = text ? "application/json" : NULL,
        .body = text,
        .length = text ? strlen(text) : 0};

    free(part->body);
    part->body = NULL;
    part->status = 0;
    if (feed_is_up(part->link->feed) && part->link->passages < PASSAGES_MAX) {
        part->link->passages++;
        fan->awaited++;
        upstream_follow(fan->web->base, part->link->socket->path, &request, fan->patience_s, NULL,
                        on_reply, part);
    }
    free(text);
}

void
fan_wait(struct fan *fan)
{
    if (!fan->awaited)
        fan->done(fan);
}

/* One that it says of all, as each was asked the same; otherwise any, if none has given a list.
 */
static const struct fan_part *
refusal(const struct fan *fan)
{
    const struct fan_part *found = NULL;
    bool any = false;

    for (size_t i = 0; i < fan->count; i++) {
        const struct fan_part *part = &fan->parts[i];

        any = any || part->status == 200;
        if (part->status == 400)
            return part;
        if (part->status && part->status != 200)
            found = part;
    }
    return any ? NULL : found;
}

bool
fan_refused(struct fan *fan)
{
    const struct fan_part *part = refusal(fan);
    json_t *missing = fan_missing(fan);
    bool none = json_array_size(missing) == fan->count;

    json_decref(missing);
    if (part) {
        call_reply_text(fan->call, part->status, part->content_type, part->body, part->length);
    } else if (none) {
        call_header(fan->call, "Retry-After", "5");
        call_problem(fan->call, 503, "daemon_unreachable", NULL, "cannot reach any daemon");
    }
    return part || none;
}

json_t *
fan_json(const struct fan_part *part)
{
    struct err err;
    json_t *body = part->status == 200 ? json_text_read(part->body, part->length, 0, &err) : NULL;

    if (json_is_object(body))
        return body;
    json_decref(body);
    return NULL;
}

bool
fan_take(const struct fan_part *part, json_t *item)
{
    const struct web *web = part->fan->web;
    const json_t *account = accounts_find(people_accounts(web->people), part->fan->name);
    const char *workshop = json_string_value(item) ?:
                           json_string_value(json_object_get(item, "slug")) ?:
                           json_string_value(json_object_get(item, "workshop"));
    const char *slug = workshop ? feed_slug(part->link->feed, workshop) : NULL;
    bool disputed = slug && daemons_disputed(part->link, slug);

    if (part->fan->limited && (!slug || disputed || account_role(account, slug) < part->fan->role))
        return false;
    if (json_is_object(item)) {
        json_object_set_new(item, "daemon", json_string(part->link->socket->name));
        if (slug)
            json_object_set_new(item, "slug", json_string(slug));
        if (disputed)
            json_object_set_new(item, "disputed", json_true());
    }
    return true;
}

void
fan_collect(const struct fan_part *part, json_t *list, json_t *to)
{
    json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        if (fan_take(part, item))
            json_array_append(to, item);
    }
}

json_t *
fan_missing(const struct fan *fan)
{
    json_t *names = json_array();

    for (size_t i = 0; i < fan->count; i++)
        if (fan->parts[i].status != 200)
            json_array_append_new(names, json_string(fan->parts[i].link->socket->name));
    return names;
}
