/* Families of metrics and their samples. */
#include "supervisor/monitoring/metrics.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/order/reason.h"

/* Writes the samples of one family for one workshop after the other: the samples of a family must
 * be contiguous. */
struct family {
    const char *name, *type, *unit, *help;
    void (*write)(FILE *out, const struct family *family, const struct child *child);
};

/* NAME{workshop="…" — left open for more labels. */
static void
begin(FILE *out, const char *name, const char *suffix, const struct child *child)
{
    fprintf(out, "%s%s{workshop=", name, suffix);
    metrics_label(out, child->workshop->name);
}

static void
write_sample(FILE *out, const struct family *family, const struct child *child, long long value)
{
    begin(out, family->name, "", child);
    fprintf(out, "} %lld\n", value);
}

/* The state label of a stateset is named after the family. */
static void
write_state(FILE *out, const struct family *family, const struct child *child, const char *state,
            bool is)
{
    begin(out, family->name, "", child);
    fprintf(out, ",%s=\"%s\"} %d\n", family->name, state, is);
}

static void
write_info(FILE *out, const struct family *family, const struct child *child)
{
    const struct workshop_config *workshop = child->workshop;

    begin(out, family->name, "_info", child);
    fprintf(out, ",slug=");
    metrics_label(out, workshop->slug); /* a faulty workshop's name may be any text */
    fprintf(out, ",erp_system=\"%s\",port=\"%u\"} 1\n", workshop->erp_system ?: "", workshop->port);
}

static void
write_active(FILE *out, const struct family *family, const struct child *child)
{
    write_sample(out, family, child, child->workshop->active);
}

static void
write_up(FILE *out, const struct family *family, const struct child *child)
{
    write_sample(out, family, child, child->state == CHILD_RUNNING);
}

static void
write_process(FILE *out, const struct family *family, const struct child *child)
{
    for (int state = 0; state < CHILD_STATES; state++)
        write_state(out, family, child, child_state_name((enum child_state)state),
                    child->state == (enum child_state)state);
}

static void
write_restarts(FILE *out, const struct family *family, const struct child *child)
{
    begin(out, family->name, "_total", child);
    fprintf(out, "} %u\n", child->restarts);
}

static void
write_last_exit(FILE *out, const struct family *family, const struct child *child)
{
    int64_t at_ms = child->last_exit.at_ms;

    if (!at_ms)
        return;
    begin(out, family->name, "", child);
    fprintf(out, "} %lld.%03lld\n", (long long)at_ms / 1000, (long long)at_ms % 1000);
}

static void
write_worker(FILE *out, const struct family *family, const struct child *child)
{
    static const char *const states[] = {"running", "stopped", "parked"};
    const char *worker = child->status.worker;

    for (size_t i = 0; *worker && i < sizeof states / sizeof *states; i++)
        write_state(out, family, child, states[i], strcmp(worker, states[i]) == 0);
}

/* Why it is parked, as a label; empty: it is not. */
static void
write_parked(FILE *out, const struct family *family, const struct child *child)
{
    bool parked = strcmp(child->status.worker, "parked") == 0;

    if (!*child->status.worker)
        return;
    begin(out, family->name, "", child);
    fputs(",worker_reason=", out);
    metrics_label(out, parked ? child->status.worker_reason : "");
    fprintf(out, "} %d\n", parked);
}

/* Of reasons that have not occurred there is no sample. */
static void
write_ended(FILE *out, const struct family *family, const struct child *child)
{
    const struct counters *counters = &child->counters;
    const struct reason *reason;

    if (!child->status.alive)
        return;
    begin(out, family->name, "_total", child);
    fprintf(out, ",outcome=\"created\",reason=\"\"} %llu\n", (unsigned long long)counters->created);
    for (size_t i = 0; i < COUNTERS_REASONS && (reason = reason_at(i)); i++)
        if (counters->errors[i]) {
            begin(out, family->name, "_total", child);
            fprintf(out, ",outcome=\"error\",reason=\"%s\"} %llu\n", reason->code,
                    (unsigned long long)counters->errors[i]);
        }
}

static void
write_attempts(FILE *out, const struct family *family, const struct child *child)
{
    if (!child->status.alive)
        return;
    begin(out, family->name, "_total", child);
    fprintf(out, "} %llu\n", (unsigned long long)child->counters.attempts);
}

/* As OpenMetrics wants it: at least one digit, and no zero behind the others. */
static const char *
fraction(unsigned ms, char digits[4])
{
    size_t length = 3;

    snprintf(digits, 4, "%03u", ms % 1000);
    while (length > 1 && digits[length - 1] == '0')
        digits[--length] = '\0';
    return digits;
}

static void
write_durations(FILE *out, const struct family *family, const struct child *child)
{
    const struct counters *counters = &child->counters;
    unsigned long long count = 0;
    char digits[4];

    if (!child->status.alive)
        return;
    for (unsigned i = 0; i < COUNTERS_BUCKETS; i++) {
        count += counters->durations[i];
        begin(out, family->name, "_bucket", child);
        fprintf(out, ",le=\"%u.%s\"} %llu\n", counters_bound_ms(i) / 1000,
                fraction(counters_bound_ms(i) % 1000, digits), count);
    }
    count += counters->durations[COUNTERS_BUCKETS];
    begin(out, family->name, "_bucket", child);
    fprintf(out, ",le=\"+Inf\"} %llu\n", count);
    begin(out, family->name, "_sum", child);
    fprintf(out, "} %llu.%03llu\n", (unsigned long long)counters->duration_ms / 1000,
            (unsigned long long)counters->duration_ms % 1000);
    begin(out, family->name, "_count", child);
    fprintf(out, "} %llu\n", count);
}

static void
write_last_success(FILE *out, const struct family *family, const struct child *child)
{
    unsigned long long at_ms = child->counters.last_success_ms;

    if (!at_ms)
        return;
    begin(out, family->name, "", child);
    fprintf(out, "} %llu.%03llu\n", at_ms / 1000, at_ms % 1000);
}

static void
write_callbacks_waiting(FILE *out, const struct family *family, const struct child *child)
{
    if (child->status.alive)
        write_sample(out, family, child, (long long)child->counters.callbacks_waiting);
}

static void
write_callbacks(FILE *out, const struct family *family, const struct child *child)
{
    const struct counters *counters = &child->counters;
    const struct {
        const char *result;
        uint64_t count;
    } results[] = {{"accepted", counters->callbacks_accepted},
                   {"failed", counters->callbacks_failed},
                   {"given_up", counters->callbacks_given_up}};

    for (size_t i = 0; child->status.alive && i < sizeof results / sizeof *results; i++) {
        begin(out, family->name, "_total", child);
        fprintf(out, ",result=\"%s\"} %llu\n", results[i].result,
                (unsigned long long)results[i].count);
    }
}

static void
write_figure(FILE *out, const struct family *family, const struct child *child, json_int_t figure)
{
    if (child->status.alive)
        write_sample(out, family, child, figure);
}

static void
write_needs_attention(FILE *out, const struct family *family, const struct child *child)
{
    write_figure(out, family, child, child->status.needs_attention);
}

static void
write_queue_length(FILE *out, const struct family *family, const struct child *child)
{
    write_figure(out, family, child, child->status.queue_length);
}

static void
write_oldest_placed(FILE *out, const struct family *family, const struct child *child)
{
    write_figure(out, family, child, child->status.oldest_placed_age_s);
}

static void
write_orders(FILE *out, const struct family *family, const struct child *child)
{
    for (int status = ORDER_PLACED; child->status.alive && status <= ORDER_ERROR; status++) {
        begin(out, family->name, "", child);
        fprintf(out, ",status=\"%s\"} %lld\n", order_status_name((enum order_status)status),
                (long long)child->status.orders[status]);
    }
}

static const struct family families[] = {
    {"pumpline_workshop", "info", NULL, "Workshop labels.", write_info},
    {"pumpline_workshop_active", "gauge", NULL, "1 if the workshop is active.", write_active},
    {"pumpline_workshop_up", "gauge", NULL, "1 if the workshop's process accepts orders.",
     write_up},
    {"pumpline_workshop_process", "stateset", NULL, "State of the workshop's process.",
     write_process},
    {"pumpline_workshop_restarts", "counter", NULL,
     "Unrequested restarts of the workshop's process since the daemon started.", write_restarts},
    {"pumpline_workshop_last_exit_timestamp_seconds", "gauge", "seconds",
     "Time of the last process exit.", write_last_exit},
    {"pumpline_workshop_worker", "stateset", NULL,
     "State of the worker; parked means that the ERP is unusable.", write_worker},
    {"pumpline_workshop_parked", "gauge", NULL,
     "1 if the worker is parked; worker_reason says why.", write_parked},
    {"pumpline_workshop_orders_ended", "counter", NULL,
     "Orders that ended, by outcome and reason, since the process started.", write_ended},
    {"pumpline_workshop_attempts", "counter", NULL,
     "Attempts to deliver an order, since the process started.", write_attempts},
    {"pumpline_workshop_attempt_duration_seconds", "histogram", "seconds",
     "Duration of an attempt to deliver an order.", write_durations},
    {"pumpline_workshop_last_success_timestamp_seconds", "gauge", "seconds",
     "Time at which an order was last created.", write_last_success},
    {"pumpline_workshop_needs_attention", "gauge", NULL, "Orders in error that need a person.",
     write_needs_attention},
    {"pumpline_workshop_callbacks_waiting", "gauge", NULL,
     "Callbacks that the receiver has not accepted yet.", write_callbacks_waiting},
    {"pumpline_workshop_callbacks", "counter", NULL,
     "Posted callbacks by result, since the process started.", write_callbacks},
    {"pumpline_workshop_queue_length", "gauge", NULL, "Orders waiting or being processed.",
     write_queue_length},
    {"pumpline_workshop_oldest_placed_age_seconds", "gauge", "seconds",
     "Age of the oldest waiting order; 0 if none is waiting.", write_oldest_placed},
    {"pumpline_workshop_orders", "gauge", NULL, "Stored orders by status.", write_orders}};

/* -1 if the kernel does not report it. */
static long long
resident_bytes(void)
{
    FILE *statm = fopen("/proc/self/statm", "re");
    long long pages = -1;

    /* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it */
    if (statm && fscanf(statm, "%*s %lld", &pages) != 1)
        pages = -1;
    if (statm)
        fclose(statm);
    return pages < 0 ? -1 : pages * sysconf(_SC_PAGESIZE);
}

static void
write_daemon(FILE *out, const struct metrics_format *format, const struct daemon *daemon)
{
    unsigned by_state[CHILD_STATES] = {0};
    int64_t at_ms = daemon->started_wall_ms;
    long long resident = resident_bytes();

    for (size_t i = 0; i < daemon->child_count; i++)
        by_state[daemon->children[i]->state]++;
    metrics_head(out, format, "pumpline", "info", NULL, "The daemon.");
    fputs("pumpline_info{version=\"" PUMPLINE_VERSION "\"} 1\n", out);
    metrics_head(out, format, "process_start_time_seconds", "gauge", "seconds",
                 "Start time of the daemon.");
    fprintf(out, "process_start_time_seconds %lld.%03lld\n", (long long)at_ms / 1000,
            (long long)at_ms % 1000);
    if (resident >= 0) {
        metrics_head(out, format, "process_resident_memory_bytes", "gauge", "bytes",
                     "Resident memory of the daemon.");
        fprintf(out, "process_resident_memory_bytes %lld\n", resident);
    }
    metrics_head(out, format, "pumpline_workshops", "gauge", NULL, "Workshops by process state.");
    for (int state = 0; state < CHILD_STATES; state++)
        fprintf(out, "pumpline_workshops{process=\"%s\"} %u\n",
                child_state_name((enum child_state)state), by_state[state]);
}

char *
metrics_text(const struct daemon *daemon, const struct metrics_format *format)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    if (!out)
        die_abort("out of memory for metrics");
    write_daemon(out, format, daemon);
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        const struct family *family = &families[i];

        metrics_head(out, format, family->name, family->type, family->unit, family->help);
        for (size_t child = 0; child < daemon->child_count; child++)
            family->write(out, family, daemon->children[child]);
    }
    if (format->open)
        fputs("# EOF\n", out);
    if (fclose(out))
        die_abort("out of memory for metrics");
    return text;
}
