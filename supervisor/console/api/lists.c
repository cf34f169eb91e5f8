/* What all daemons answer together, at once: health, report, recipes, and acts on many workshops.
 * With one daemon, or for one workshop, the call simply goes on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/err.h"
#include "common/http/upstream.h"
#include "supervisor/console/api/fan.h"

/* The path below /api, with the query. */
static char *
same_target(const struct call *call)
{
    return mem_format("%s%s%s", call->path + strlen("/api"), call->query ? "?" : "",
                      call->query ?: "");
}

static void
ask_all(struct call *call, const struct request *request, void (*done)(struct fan *fan))
{
    struct fan *fan = fan_new(request, call, FAN_PATIENCE_S, done, NULL);
    char *target = same_target(call);

    for (size_t i = 0; i < fan->count; i++)
        fan_ask(fan, i, target, NULL);
    free(target);
    fan_wait(fan);
}

/* {MEMBER: what the daemons' lists have, "incomplete"} */
static json_t *
merged(const struct fan *fan, const char *member)
{
    json_t *items = json_array(), *incomplete = json_array(), *missing = fan_missing(fan);

    for (size_t i = 0; i < fan->count; i++) {
        json_t *body = fan_json(&fan->parts[i]);

        fan_collect(&fan->parts[i], json_object_get(body, member), items);
        fan_collect(&fan->parts[i], json_object_get(body, "incomplete"), incomplete);
        json_decref(body);
    }
    json_array_extend(incomplete, missing);
    json_decref(missing);
    return json_pack("{so so}", member, items, "incomplete", incomplete);
}

/* --- health --- */

static void
add_up(json_t *sum, const json_t *summary)
{
    const char *name;
    json_t *number;

    json_object_foreach((json_t *)summary, name, number)
    {
        json_int_t before = json_integer_value(json_object_get(sum, name));

        json_object_set_new(sum, name, json_integer(before + json_integer_value(number)));
    }
}

static void
on_health(struct fan *fan)
{
    json_t *reply, *sum, *daemons;

    if (!fan_refused(fan)) {
        reply = merged(fan, "integrations");
        sum = json_object();
        daemons = json_array();
        for (size_t i = 0; i < fan->count; i++) {
            const struct fan_part *part = &fan->parts[i];
            json_t *body = fan_json(part);

            add_up(sum, json_object_get(body, "summary"));
            json_array_append_new(daemons, json_pack("{ss sb sO?}", "name",
                                                     part->link->socket->name, "up", body != NULL,
                                                     "version", json_object_get(body, "version")));
            json_decref(body);
        }
        if (fan->limited)
            json_decref(sum);
        else
            json_object_set_new(reply, "summary", sum);
        json_object_set_new(reply, "daemons", daemons);
        call_reply(fan->call, 200, reply);
    }
    fan_free(fan);
}

void
lists_health(struct call *call, void *context)
{
    const struct request *request = context;

    (request->link ? proxy(call, context) : ask_all(call, request, on_health));
}

/* --- the report --- */

/* One table: the header of the first, and the lines of all. No cell of the header has a line break.
 * A table has no place for what is missing in it. */
static void
reply_csv(struct fan *fan)
{
    json_t *missing = fan_missing(fan), *problem;
    char *text = mem_string(""), *longer;

    if (json_array_size(missing)) {
        problem = problem_json(503, "incomplete", NULL, "some daemons did not answer");
        json_object_set(problem, "incomplete", missing);
        call_problem_json(fan->call, problem);
    } else {
        for (size_t i = 0; i < fan->count; i++) {
            const char *line = *text ? strchr(fan->parts[i].body, '\n') : NULL;

            longer = mem_format("%s%s", text, !*text ? fan->parts[i].body : line ? line + 1 : "");
            free(text);
            text = longer;
        }
        call_reply_text(fan->call, 200, "text/csv; charset=utf-8", text, strlen(text));
    }
    json_decref(missing);
    free(text);
}

static void
on_report(struct fan *fan)
{
    char format[8] = "";
    bool csv =
        call_query(fan->call, "format", format, sizeof format) > 0 && strcmp(format, "csv") == 0;

    if (fan_refused(fan))
        ;
    else if (csv)
        reply_csv(fan);
    else
        call_reply(fan->call, 200, merged(fan, "workshops"));
    fan_free(fan);
}

void
lists_report(struct call *call, void *context)
{
    const struct request *request = context;

    (request->link ? proxy(call, context) : ask_all(call, request, on_report));
}

/* --- recipes --- */

static void
on_recipes(struct fan *fan)
{
    if (!fan_refused(fan))
        call_reply(fan->call, 200, merged(fan, "recipes"));
    fan_free(fan);
}

void
lists_recipes(struct call *call, void *context)
{
    const struct request *request = context;

    (request->link ? proxy(call, context) : ask_all(call, request, on_recipes));
}

/* Two daemons may have different ones of the same name. */
void
lists_recipe(struct call *call, void *context)
{
    if (scope_daemon(call, context))
        proxy(call, context);
}
