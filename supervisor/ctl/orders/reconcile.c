/* The command that starts a reconciliation, or shows the last one. */
#include <string.h>

#include "common/base/err.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/term/text.h"

enum { RESULT, UNIQUEID, WORKSHEET, PRODUCT, AMOUNT, FOUND_PRODUCT, FOUND_AMOUNT, TEXT, COUNT };

static const struct column columns[COUNT] = {
    [RESULT] = {.title = "RESULT"},
    [UNIQUEID] = {.title = "UNIQUEID"},
    [WORKSHEET] = {.title = "WORKSHEET"},
    [PRODUCT] = {.title = "PRODUCT"},
    [AMOUNT] = {.title = "AMOUNT", .right = true},
    [FOUND_PRODUCT] = {.title = "FOUND", .optional = true},
    [FOUND_AMOUNT] = {.title = "AMOUNT", .right = true, .optional = true},
    [TEXT] = {.title = "TEXT", .optional = true},
};

static void
put_findings(struct table *table, const json_t *findings)
{
    json_t *finding;
    size_t i;

    json_array_foreach(findings, i, finding)
    {
        const json_t *ordered = json_object_get(finding, "ordered");
        const json_t *found = json_object_get(finding, "found");

        table_row(table);
        table_json(table, RESULT, COLOUR_NONE, json_object_get(finding, "result"));
        table_json(table, UNIQUEID, COLOUR_NONE, json_object_get(finding, "uniqueid"));
        table_json(table, WORKSHEET, COLOUR_NONE, json_object_get(ordered, "worksheet"));
        table_json(table, PRODUCT, COLOUR_NONE, json_object_get(ordered, "product_nr"));
        table_json(table, AMOUNT, COLOUR_NONE, json_object_get(ordered, "product_amount"));
        table_json(table, FOUND_PRODUCT, COLOUR_NONE, json_object_get(found, "product_nr"));
        table_json(table, FOUND_AMOUNT, COLOUR_NONE, json_object_get(found, "product_amount"));
        table_json(table, TEXT, COLOUR_NONE, json_object_get(finding, "text"));
    }
}

static void
print_findings(const struct ctl *ctl, const json_t *reply)
{
    static const char *const kinds[] = {"missing", "changed", "unknown"};
    struct table *table = table_new(columns, COUNT);
    struct screen uncut = {.colour = ctl->screen.colour};
    size_t found = 0;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        put_findings(table, json_object_get(reply, kinds[i]));
        found += json_array_size(json_object_get(reply, kinds[i]));
    }
    if (found)
        table_print(table, &uncut);
    table_free(table);
}

static void
print_reconciliation(const struct ctl *ctl, const json_t *reply)
{
    const char *workshop = ctl_workshop(ctl, reply),
               *state = json_string_value(json_object_get(reply, "state")) ?: "";
    long long checked = ctl_number(reply, "checked");

    print_findings(ctl, reply);
    if (strcmp(state, "none") == 0)
        text_say("%s: nothing has been reconciled yet", workshop);
    else
        text_say("%s: reconciliation %s, %lld order%s checked, %lld as ordered%s", workshop, state,
                 checked, plural(checked), ctl_number(reply, "same"),
                 json_is_string(json_object_get(reply, "next")) ? "; there are more findings" : "");
}

int
command_reconcile(struct ctl *ctl)
{
    const char *from = ctl->options[OPTION_FROM], *to = ctl->options[OPTION_TO];
    json_t *body;
    int result;

    if (!from && !to)
        return ctl_run(ctl, "GET", ctl_path(ctl, "reconcile?limit=1000"), NULL,
                       print_reconciliation);
    body = json_object();
    result = ctl_body_set(body, "from", from);
    if (result == CTL_OK)
        result = ctl_body_set(body, "to", to);
    if (result == CTL_OK)
        return ctl_run(ctl, "POST", ctl_path(ctl, "reconcile"), body, print_reconciliation);
    json_decref(body);
    return result;
}
