/* PUT /workshops/start and the like: each daemon does it for its own workshops. */
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/http/upstream.h"
#include "supervisor/console/api/fan.h"

/* The names that were given, and which daemon each of them went to; all: NULL. */
struct many {
    json_t *names;
    size_t *links; /* each order's daemon */
};

static void
many_free(struct many *many)
{
    json_decref(many->names);
    free(many->links);
    free(many);
}

static json_t *
failed(const struct fan_part *part, const char *workshop)
{
    char *detail = mem_format("cannot reach %s", part->link->socket->name);
    json_t *result = json_pack("{ss si ss ss}", "workshop", workshop, "status", 503, "code",
                               "daemon_unreachable", "detail", detail);

    free(detail);
    return result;
}

/* In the order in which they were given. */
static json_t *
results_of_names(const struct fan *fan, const struct many *many, json_t **bodies)
{
    json_t *results = json_array(), *name;
    size_t used[SETTINGS_SOCKETS_MAX] = {0}, i;

    json_array_foreach(many->names, i, name)
    {
        size_t link = many->links[i];
        json_t *result = json_array_get(json_object_get(bodies[link], "results"), used[link]++);

        json_array_append_new(results, result ? json_incref(result)
                                              : failed(&fan->parts[link], json_string_value(name)));
    }
    return results;
}

static json_t *
results_of_all(const struct fan *fan, json_t **bodies)
{
    json_t *results = json_array();

    for (size_t i = 0; i < fan->count; i++)
        json_array_extend(results, json_object_get(bodies[i], "results"));
    return results;
}

/* What a daemon said in general (4xx) counts, as each was asked the same. */
static void
on_done(struct fan *fan)
{
    struct many *many = fan->state;
    json_t *bodies[SETTINGS_SOCKETS_MAX] = {0}, *results, *missing;

    if (!fan_refused(fan)) {
        for (size_t i = 0; i < fan->count; i++)
            bodies[i] = fan_json(&fan->parts[i]);
        results = many->names ? results_of_names(fan, many, bodies) : results_of_all(fan, bodies);
        missing = many->names ? json_array() : fan_missing(fan);
        for (size_t i = 0; i < fan->count; i++)
            json_decref(bodies[i]);
        call_reply(fan->call, 200, json_pack("{so so}", "results", results, "incomplete", missing));
    }
    many_free(many);
    fan_free(fan);
}

/* The names that this daemon has. */
static json_t *
share_of(const struct many *many, size_t link)
{
    json_t *share = json_array(), *name;
    size_t i;

    json_array_foreach(many->names, i, name)
    {
        if (many->links[i] == link)
            json_array_append(share, name);
    }
    return share;
}

static void
ask(struct fan *fan, const struct many *many, json_t *body)
{
    const char *target = fan->call->path + strlen("/api");

    for (size_t i = 0; i < fan->count; i++) {
        json_t *share = many->names ? share_of(many, i) : NULL;

        if (share && json_array_size(share))
            json_object_set(body, "workshops", share);
        if (!share || json_array_size(share))
            fan_ask(fan, i, target, body);
        json_decref(share);
    }
    fan_wait(fan);
}

/* The access check has found each name to be of one daemon. */
static struct many *
many_new(const struct request *request, const json_t *body)
{
    json_t *given = json_object_get(body, "workshops"), *name;
    struct many *many = mem_alloc(sizeof *many);
    size_t i;

    *many = (struct many){.names = json_is_array(given) ? json_incref(given) : NULL};
    many->links = mem_alloc((json_array_size(given) + 1) * sizeof *many->links);
    json_array_foreach(many->names, i, name)
    {
        struct link *link = request->web->daemons->links;
        const char *slug;

        (void)daemons_owner(request->web->daemons, json_string_value(name) ?: "", &link, &slug);
        many->links[i] = (size_t)(link - request->web->daemons->links);
    }
    return many;
}

void
many_act(struct call *call, void *context)
{
    const struct request *request = context;
    struct many *many;
    json_t *body;

    if (request->link) {
        proxy(call, context);
        return;
    }
    body = call_object(call);
    if (!body)
        return;
    many = many_new(request, body);
    ask(fan_new(request, call, UPSTREAM_PATIENCE_S, on_done, many), many, body);
    json_decref(body);
}
