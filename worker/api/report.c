/* GET /report: a search through all orders of a time, added up. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "worker/api/internal.h"
#include "worker/find/report.h"

struct reporting {
    struct api_scan scan; /* first */
    enum report_by by;
    bool csv;
    struct report *report;
};

static void
begin(struct api_scan *scan)
{
    struct reporting *reporting = (struct reporting *)scan;

    if (reporting->report)
        report_free(reporting->report);
    reporting->report = report_new(reporting->by);
}

static bool
each(const struct order *order, void *arg)
{
    struct reporting *reporting = arg;

    reporting->scan.over = !report_add(reporting->report, order);
    return !reporting->scan.over;
}

static json_t *
time_json(int64_t at_ms)
{
    char text[CLOCK_TEXT_BYTES];

    if (at_ms == INT64_MIN || at_ms == INT64_MAX)
        return json_null();
    clock_text(at_ms, text);
    return json_string(text);
}

static void
reply_json(const struct reporting *reporting)
{
    static const char *const names[] = {"product", "worksheet", "day"};
    const struct api_scan *scan = &reporting->scan;
    json_t *report = report_json(reporting->report);
    json_t *body = json_pack("{s:s s:s s:o s:o}", "workshop", scan->api->setup.workshop->name, "by",
                             names[reporting->by], "from", time_json(scan->filter.from_ms), "to",
                             time_json(scan->filter.to_ms));

    json_object_update(body, report);
    json_decref(report);
    call_reply(scan->call, 200, body);
}

static void
reply_csv(const struct reporting *reporting)
{
    size_t length;
    char *text = report_csv(reporting->report, &length);

    call_reply_owned(reporting->scan.call, 200, "text/csv; charset=utf-8", text, length);
}

static void
end(struct api_scan *scan, const struct err *err)
{
    struct reporting *reporting = (struct reporting *)scan;

    if (err)
        api_unavailable(scan->call, err);
    else if (scan->over)
        call_problem(scan->call, 400, "too_many_rows", NULL,
                     "the report would have more than %d rows: ask for a shorter time",
                     REPORT_ROWS_MAX);
    else if (reporting->csv)
        reply_csv(reporting);
    else
        reply_json(reporting);
    report_free(reporting->report);
    free(reporting);
}

/* Or replies with the error. */
static bool
read_query(struct call *call, struct reporting *reporting)
{
    char by[16] = "product", format[16] = "json";
    struct err err;

    if (find_filter_times(call, &reporting->scan.filter, &err))
        api_bad_parameter(call, err.code, err.text);
    else if (call_query(call, "by", by, sizeof by) < 0 || report_by_parse(by, &reporting->by))
        api_bad_parameter(call, "by", "must be product, worksheet or day");
    else if (call_query(call, "format", format, sizeof format) < 0 ||
             (strcmp(format, "json") && strcmp(format, "csv")))
        api_bad_parameter(call, "format", "must be json or csv");
    else {
        reporting->csv = strcmp(format, "csv") == 0;
        return true;
    }
    return false;
}

void
api_report(struct call *call, void *context)
{
    struct reporting *reporting = mem_alloc(sizeof *reporting);

    reporting->scan = (struct api_scan){.api = context,
                                        .call = call,
                                        .looked_max = UINT_MAX,
                                        .whole = true,
                                        .find = {.each = each},
                                        .begin = begin,
                                        .end = end};
    if (!read_query(call, reporting)) {
        free(reporting);
        return;
    }
    api_scan_start(&reporting->scan);
}
