/* The command that tests a workshop's connection to its ERP, alone and after `add`. */
#include "supervisor/ctl/commands/test.h"

#include <stdlib.h>

#include "common/base/err.h"
#include "supervisor/ctl/net/client.h"
#include "supervisor/ctl/term/text.h"

#define TEST_TIMEOUT_S 90 /* a browser has to start, and to end */

static void
put_step(struct table *table, const json_t *step)
{
    bool ok = json_is_true(json_object_get(step, "ok"));

    table_row(table);
    table_json(table, 0, COLOUR_NONE, json_object_get(step, "what"));
    table_cell(table, 1, COLOUR_NONE, "%s", ok ? "ok" : "failed");
    table_json(table, 2, COLOUR_NONE, json_object_get(step, "ms"));
    table_json(table, 3, COLOUR_NONE, json_object_get(step, "reason_code"));
    table_json(table, 4, COLOUR_NONE, json_object_get(step, "text"));
}

static void
print_test(const struct ctl *ctl, const json_t *reply)
{
    static const struct column columns[] = {{.title = "STEP"},
                                            {.title = "RESULT"},
                                            {.title = "MS", .right = true},
                                            {.title = "REASON", .optional = true},
                                            {.title = "TEXT", .optional = true}};
    struct table *table = table_new(columns, sizeof columns / sizeof *columns);
    struct screen uncut = {.colour = ctl->screen.colour};
    const json_t *step;
    size_t i;

    json_array_foreach(json_object_get(reply, "steps"), i, step)
    {
        put_step(table, step);
    }
    table_print(table, &uncut);
    table_free(table);
}

int
command_test(struct ctl *ctl)
{
    json_t *reply;
    int result;
    bool ok;

    client_set_timeout(ctl->client, TEST_TIMEOUT_S);
    result = ctl_call(ctl, "POST", ctl_path(ctl, "test"), NULL, &reply);
    if (result != CTL_OK)
        return result;
    ok = json_is_true(json_object_get(reply, "ok"));
    ctl_show(ctl, reply, print_test);
    return ok ? CTL_OK : CTL_REFUSED;
}

void
test_warn(struct ctl *ctl, const char *slug)
{
    char *encoded = client_encode(slug);
    char *path = mem_format("/workshops/%s/test", encoded);
    json_t *reply = NULL, *step;
    size_t i;

    free(encoded);
    client_set_timeout(ctl->client, TEST_TIMEOUT_S);
    if (ctl_call(ctl, "POST", path, NULL, &reply) != CTL_OK)
        return;
    json_array_foreach(json_object_get(reply, "steps"), i, step)
    {
        const char *code = json_string_value(json_object_get(step, "reason_code"));
        const char *text = json_string_value(json_object_get(step, "text"));

        if (code)
            text_complain("warning: the test of the connection failed (%s): %s", code,
                          text ? text : "");
    }
    json_decref(reply);
}
