/* The commands for orders in error: retry them, record what a person did, and add up what is left.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "supervisor/ctl/net/client.h"
#include "supervisor/ctl/orders/orders.h"
#include "supervisor/ctl/term/text.h"

/* ---- retry ---- */

static void
print_retried(const struct ctl *ctl, const json_t *reply)
{
    text_say("%s: %s placed again", ctl_workshop(ctl, reply), ctl->args[1]);
}

static int
retry_one(struct ctl *ctl)
{
    json_t *body = json_object();
    int result = orders_set_content(ctl, body);

    if (ctl->options[OPTION_CONFIRM])
        json_object_set_new(body, "confirm", json_true());
    if (result != CTL_OK || json_object_size(body) == 0) {
        json_decref(body);
        body = NULL;
    }
    if (result != CTL_OK)
        return result;
    return ctl_run(ctl, "PUT", orders_path(ctl, "/retry"), body, print_retried);
}

static void
print_many(const struct ctl *ctl, const json_t *reply)
{
    const json_t *results = json_object_get(reply, "results");
    long long placed = ctl_number(reply, "placed");
    size_t i;
    json_t *one;

    json_array_foreach(results, i, one)
    {
        const char *result = json_string_value(json_object_get(one, "result"));
        const char *uniqueid = json_string_value(json_object_get(one, "uniqueid"));

        if (result && uniqueid && strcmp(result, "placed"))
            text_say("%s: %s", uniqueid, result);
    }
    text_say("%s: %lld order%s placed again", ctl_workshop(ctl, reply), placed, plural(placed));
}

static int
retry_named(struct ctl *ctl)
{
    json_t *body, *names = json_array();

    for (size_t i = 1; i < ctl->args_count; i++)
        if (json_array_append_new(names, json_string(ctl->args[i]))) {
            json_decref(names);
            text_complain("a uniqueid is not UTF-8");
            return CTL_USAGE;
        }
    body = json_pack("{s:o}", "uniqueids", names);
    return ctl_run(ctl, "POST", ctl_path(ctl, "orders/retry"), body, print_many);
}

static int
retry_filter(const struct ctl *ctl, json_t *filter)
{
    int result = ctl_body_set(filter, "reason_code", ctl->options[OPTION_REASON]);

    if (result == CTL_OK)
        result = ctl_body_set(filter, "worksheet", ctl->options[OPTION_WORKSHEET]);
    if (result == CTL_OK)
        result = ctl_body_set(filter, "product_nr", ctl->options[OPTION_PRODUCT]);
    return result;
}

/* How many the filter finds now, which the user confirms and the daemon compares. */
static int
count_matching(struct ctl *ctl, size_t *count)
{
    struct ctl all = *ctl;
    json_t *whole;
    char *query, *rest;
    int result;

    all.options[OPTION_ATTENTION] = "";
    query = ctl_filter_query(&all);
    rest = mem_format("orders?%s", query);
    result = ctl_pages(&all, rest, "orders", SIZE_MAX, &whole);
    if (result == CTL_OK)
        *count = json_array_size(json_object_get(whole, "orders"));
    if (result == CTL_OK)
        json_decref(whole);
    free(rest);
    free(query);
    return result;
}

static int
retry_found(struct ctl *ctl)
{
    json_t *filter = json_pack("{s:b}", "needs_attention", 1), *body;
    int result = retry_filter(ctl, filter);
    size_t count = 0;
    char *question;

    if (result == CTL_OK)
        result = count_matching(ctl, &count);
    if (result == CTL_OK) {
        question =
            mem_format("Retry %zu order%s of %s", count, plural((long long)count), ctl->args[0]);
        result = count && !ctl_confirm(ctl, question) ? CTL_REFUSED : CTL_OK;
        free(question);
    }
    if (result != CTL_OK) {
        json_decref(filter);
        return result;
    }
    body = json_pack("{s:o s:I}", "filter", filter, "expected", (json_int_t)count);
    return ctl_run(ctl, "POST", ctl_path(ctl, "orders/retry"), body, print_many);
}

static bool
selects(const struct ctl *ctl)
{
    return ctl->options[OPTION_ALL] || ctl->options[OPTION_REASON];
}

int
command_retry(struct ctl *ctl)
{
    bool corrects = ctl->options[OPTION_WORKSHEET] || ctl->options[OPTION_PRODUCT] ||
                    ctl->options[OPTION_AMOUNT] || ctl->options[OPTION_CONFIRM];

    if (ctl->args_count > 1 && selects(ctl))
        text_complain("give either uniqueids, or --all or --reason");
    else if (ctl->args_count > 2 && corrects)
        text_complain("only one order at a time can be corrected");
    else if (ctl->args_count == 1 && (ctl->options[OPTION_AMOUNT] || ctl->options[OPTION_CONFIRM]))
        text_complain("--amount and --confirm apply to one order: name it");
    else if (ctl->args_count == 1 && !selects(ctl) && !corrects)
        text_complain("name an order, or select some: --all, --reason, --worksheet, --product");
    else if (ctl->args_count == 1)
        return retry_found(ctl);
    else
        return ctl->args_count == 2 ? retry_one(ctl) : retry_named(ctl);
    return CTL_USAGE;
}

/* ---- resolve, write-off ---- */

static void
print_resolved(const struct ctl *ctl, const json_t *reply)
{
    text_say("%s: %s resolved: recorded as entered by hand", ctl_workshop(ctl, reply),
             ctl->args[1]);
}

static void
print_written_off(const struct ctl *ctl, const json_t *reply)
{
    text_say("%s: %s written off: it is never billed", ctl_workshop(ctl, reply), ctl->args[1]);
}

/* Takes body. */
static int
send_note(struct ctl *ctl, const char *action, const char *why, json_t *body,
          void (*print)(const struct ctl *ctl, const json_t *reply))
{
    int result = CTL_USAGE;

    if (!*ctl->options[OPTION_NOTE])
        text_complain("--note must not be empty: say %s", why);
    else
        result = ctl_body_set(body, "note", ctl->options[OPTION_NOTE]);
    if (result == CTL_OK)
        return ctl_run(ctl, "PUT", orders_path(ctl, action), body, print);
    json_decref(body);
    return result;
}

int
command_resolve(struct ctl *ctl)
{
    return send_note(ctl, "/resolve", "how the order was entered", json_object(), print_resolved);
}

int
command_write_off(struct ctl *ctl)
{
    json_t *body = json_object();
    int result = ctl_body_set(body, "reason", ctl->options[OPTION_REASON]);

    if (result == CTL_OK)
        return send_note(ctl, "/write_off", "why it is never billed", body, print_written_off);
    json_decref(body);
    return result;
}

/* ---- report ---- */

enum {
    REPORT_WORKSHOP,
    REPORT_KEY,
    REPORT_ORDERS,
    REPORT_FIGURES,
    REPORT_COUNT = REPORT_FIGURES + 6
};

static const struct column report_columns[REPORT_COUNT] = {
    [REPORT_WORKSHOP] = {.title = "WORKSHOP", .optional = true},
    [REPORT_KEY] = {.whole = true}, /* its title is what the rows are about */
    [REPORT_ORDERS] = {.title = "ORDERS", .right = true},
    [REPORT_FIGURES] = {.title = "PLACED", .right = true},
    [REPORT_FIGURES + 1] = {.title = "CREATED", .right = true},
    [REPORT_FIGURES + 2] = {.title = "WAITING", .right = true},
    [REPORT_FIGURES + 3] = {.title = "ERROR", .right = true},
    [REPORT_FIGURES + 4] = {.title = "BY HAND", .right = true},
    [REPORT_FIGURES + 5] = {.title = "WRITTEN OFF", .right = true},
};

static void
put_figures(struct table *table, const json_t *row)
{
    static const char *const names[] = {"placed", "created", "waiting",
                                        "error",  "by_hand", "written_off"};

    table_json(table, REPORT_ORDERS, COLOUR_NONE, json_object_get(row, "orders"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        table_json(table, REPORT_FIGURES + i, COLOUR_NONE, json_object_get(row, names[i]));
}

/* workshop NULL: there is only one. */
static void
put_report(struct table *table, const json_t *report, const char *by, const json_t *workshop)
{
    size_t i;
    json_t *row;

    json_array_foreach(json_object_get(report, "rows"), i, row)
    {
        table_row(table);
        table_json(table, REPORT_WORKSHOP, COLOUR_NONE, workshop);
        table_json(table, REPORT_KEY, COLOUR_NONE, json_object_get(row, by));
        put_figures(table, row);
    }
    table_row(table);
    table_json(table, REPORT_WORKSHOP, COLOUR_NONE, workshop);
    table_cell(table, REPORT_KEY, COLOUR_BOLD, "total");
    put_figures(table, json_object_get(report, "total"));
}

/* The columns must outlive the table. */
static struct table *
report_table(const char *by, struct column columns[REPORT_COUNT])
{
    static const char *const titles[][2] = {
        {"product", "PRODUCT"}, {"worksheet", "WORKSHEET"}, {"day", "DAY"}};

    memcpy(columns, report_columns, sizeof report_columns);
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (strcmp(by, titles[i][0]) == 0)
            columns[REPORT_KEY].title = titles[i][1];
    return table_new(columns, REPORT_COUNT);
}

/* Of one workshop, or of all: amounts of different workshops are not added up. */
static void
print_report(const struct ctl *ctl, const json_t *reply)
{
    const char *by = ctl->options[OPTION_BY] ? ctl->options[OPTION_BY] : "product";
    const json_t *workshops = json_object_get(reply, "workshops");
    struct column columns[REPORT_COUNT];
    struct table *table = report_table(by, columns);
    size_t i;
    json_t *one;

    if (!workshops)
        put_report(table, reply, by, NULL);
    json_array_foreach(workshops, i, one)
    {
        put_report(table, one, by, json_object_get(one, "workshop"));
    }
    table_print(table, &ctl->screen);
    table_free(table);
    orders_print_incomplete(json_object_get(reply, "incomplete"));
}

/* A terminal's newlines. */
static void
drop_returns(char *text)
{
    char *to = text;

    for (; *text; text++)
        if (*text != '\r')
            *to++ = *text;
    *to = '\0';
}

/* Takes path. */
static int
print_csv(struct ctl *ctl, char *path)
{
    char *text;
    json_t *problem;
    int status = client_text(ctl->client, path, &text, &problem);

    free(path);
    if (status < 0) {
        text_complain("%s", client_error(ctl->client));
        return CTL_UNREACHED;
    }
    if (problem)
        return ctl_refused(ctl, status, problem);
    drop_returns(text);
    char *safe = text_escape_json(text);

    fputs(safe, stdout);
    free(safe);
    free(text);
    return CTL_OK;
}

int
command_report(struct ctl *ctl)
{
    const char *by = ctl->options[OPTION_BY] ? ctl->options[OPTION_BY] : "product";
    char *filter = ctl_filter_query(ctl), *encoded = client_encode(by),
         *rest = mem_format("report?%sby=%s%s", filter, encoded,
                            ctl->options[OPTION_CSV] ? "&format=csv" : ""),
         *path = ctl->args_count ? ctl_path(ctl, rest) : mem_format("/%s", rest);

    free(rest);
    free(encoded);
    free(filter);
    return ctl->options[OPTION_CSV] ? print_csv(ctl, path)
                                    : ctl_run(ctl, "GET", path, NULL, print_report);
}
