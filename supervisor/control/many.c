#include "supervisor/control/many.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/percent.h"
#include "common/json/members.h"

struct many {
    struct control *control;
    struct call *call;
    void (*dispatch)(struct call *call, struct control *control);
    char *action; /* "restart" */
    json_t *names, *results;
    size_t started, open, at_once;
    bool stepping;
};

/* The call of one workshop. */
struct part {
    struct many *many;
    size_t at; /* its index */
};

static void step(struct many *many);

/* What the reply to one says, short enough for a thousand of them. */
static json_t *
result_json(const char *name, int status, const char *body, size_t length)
{
    static const char *const members[] = {"workshop", "slug",        "process", "worker",
                                          "code",     "was_running", "detail",  "faults"};
    json_t *reply = json_loadb(body ?: "", length, 0, NULL);
    json_t *result = json_pack("{ss si}", "workshop", name, "status", status);

    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        json_t *value = json_object_get(reply, members[i]);

        if (value && !json_is_null(value))
            json_object_set(result, members[i], value);
    }
    json_decref(reply);
    return result;
}

static void
part_sent(struct call *call, int status, const char *type, const char *body, size_t length)
{
    struct part *part = call->carrier;
    struct many *many = part->many;
    const char *name = json_string_value(json_array_get(many->names, part->at));

    (void)type;
    json_array_set_new(many->results, part->at, result_json(name, status, body, length));
    free(part);
    many->open--;
    if (!many->stepping)
        step(many);
}

static void
start_one(struct many *many)
{
    struct part *part = mem_alloc(sizeof *part);
    const char *name = json_string_value(json_array_get(many->names, many->started));
    char *encoded = percent_encode(name),
         *target = mem_format("/workshops/%s/%s", encoded, many->action);
    struct call *call = call_new("PUT", target, NULL, 0, NULL, NULL);

    *part = (struct part){many, many->started++};
    many->open++;
    call->by = many->call->by;
    call->uid = many->call->uid;
    call->trusted = true;
    call->carrier = part;
    call->send = part_sent;
    if (many->control->daemon->stopping)
        call_problem(call, 503, "stopping", NULL, "the daemon is stopping");
    else
        many->dispatch(call, many->control);
    free(target);
    free(encoded);
}

static void
step(struct many *many)
{
    many->stepping = true;
    while (many->started < json_array_size(many->names) && many->open < many->at_once)
        start_one(many);
    many->stepping = false;
    if (many->open)
        return;
    call_reply(many->call, 200, json_pack("{so}", "results", many->results));
    json_decref(many->names);
    free(many->action);
    free(many);
}

/* Those that `all` stands for. */
static json_t *
active_names(const struct daemon *daemon)
{
    json_t *names = json_array();

    for (size_t i = 0; i < daemon->child_count; i++)
        if (daemon->children[i]->workshop->active)
            json_array_append_new(names, json_string(daemon->children[i]->workshop->slug));
    return names;
}

static bool
are_names(const json_t *names)
{
    const json_t *name;
    size_t i;

    json_array_foreach(names, i, name)
    {
        if (!json_is_string(name) || !json_string_length(name) ||
            json_string_length(name) > ORDER_VALUE_MAX)
            return false;
    }
    return json_is_array(names);
}

/* NULL: replied with 400. */
static json_t *
read_names(const struct control *control, struct call *call)
{
    json_t *body = call_object(call);
    json_t *given = json_object_get(body, "workshops");
    const char *word = json_string_value(given);
    json_t *names = NULL;

    if (!body)
        return NULL;
    if (json_object_size(body) != (given != NULL))
        call_problem(call, 400, "invalid_fields", NULL, "the body must have one member: workshops");
    else if (word && strcmp(word, "all") == 0)
        names = active_names(control->daemon);
    else if (are_names(given))
        names = json_incref(given);
    else
        call_problem(call, 400, given ? "invalid_fields" : "missing_fields",
                     json_pack("[s]", "workshops"),
                     "workshops must be an array of names or slugs, or \"all\"");
    json_decref(body);
    return names;
}

void
many_do(struct control *control, struct call *call,
        void (*dispatch)(struct call *call, struct control *control))
{
    json_t *names = control_accepts(control, call) ? read_names(control, call) : NULL;
    const char *action;
    struct many *many;

    if (!names)
        return;
    action = strrchr(call->path, '/') + 1;
    many = mem_alloc(sizeof *many);
    *many = (struct many){.control = control,
                          .call = call,
                          .dispatch = dispatch,
                          .action = mem_string(action),
                          .names = names,
                          .results = json_array(),
                          .at_once = SIZE_MAX};
    if (strcmp(action, "restart") == 0)
        many->at_once = MANY_RESTARTS;
    for (size_t i = 0; i < json_array_size(names); i++)
        json_array_append_new(many->results, json_null());
    step(many);
}
