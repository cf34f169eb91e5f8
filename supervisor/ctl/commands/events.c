/* Events of the daemon, one line each, and its metrics. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/err.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/net/client.h"
#include "supervisor/ctl/net/stream.h"
#include "supervisor/ctl/term/signals.h"
#include "supervisor/ctl/term/text.h"

/* The essentials for people; status shows the rest. */
static char *
integration_text(const json_t *one)
{
    const char *process = json_string_value(json_object_get(one, "process"));
    const char *worker = json_string_value(json_object_get(one, "worker"));
    const char *reason = json_string_value(json_object_get(one, "worker_reason"));

    if (!worker)
        return mem_string(process ? process : "-");
    return mem_format("%s, worker %s%s%s%s, %lld in the queue, attention: %lld",
                      process ? process : "-", worker, reason ? " (" : "", reason ? reason : "",
                      reason ? ")" : "", ctl_number(one, "queue_length"),
                      ctl_number(one, "needs_attention"));
}

static char *
snapshot_text(const json_t *health)
{
    const json_t *summary = json_object_get(health, "summary");
    long long total = ctl_number(summary, "total");

    return mem_format("%lld workshop%s, %lld running, %lld parked, %lld failed", total,
                      plural(total), ctl_number(summary, "running"), ctl_number(summary, "parked"),
                      ctl_number(summary, "failed"));
}

static char *
order_text(const json_t *order)
{
    const char *uniqueid = json_string_value(json_object_get(order, "uniqueid")),
               *status = json_string_value(json_object_get(order, "status")),
               *reason = json_string_value(json_object_get(order, "reason_code"));

    return mem_format("order %s is %s%s%s%s", uniqueid ? uniqueid : "-", status ? status : "-",
                      reason ? " (" : "", reason ? reason : "", reason ? ")" : "");
}

static void
print_event(const char *name, const json_t *event)
{
    const char *workshop = json_string_value(json_object_get(event, "workshop"));
    time_t now = time(NULL);
    struct tm local;
    char at[64] = "", *text;

    if (localtime_r(&now, &local))
        strftime(at, sizeof at, "%Y-%m-%d %H:%M:%S %Z", &local);
    if (strcmp(name, "integration") == 0)
        text = integration_text(event);
    else if (strcmp(name, "snapshot") == 0)
        text = snapshot_text(event);
    else if (strcmp(name, "order") == 0)
        text = order_text(event);
    else if (strcmp(name, "reset") == 0)
        text = mem_string("some events about orders were left out");
    else
        text = mem_string(name);
    text_say("%s %s: %s", at, workshop ? workshop : "pumplined", text);
    free(text);
}

static void
on_event(const char *name, const char *data, void *arg)
{
    const struct ctl *ctl = arg;
    json_t *event = data ? json_loads(data, 0, NULL) : NULL;

    if (!json_is_object(event)) {
        json_decref(event);
        return;
    }
    if (ctl->options[OPTION_JSON]) {
        json_object_set_new(event, "event", json_string(name));
        ctl_print_json(event, false);
    } else
        print_event(name, event);
    fflush(stdout);
    json_decref(event);
}

static bool
end_wanted(int signals)
{
    int number;

    while ((number = signals_take(signals))) {
        if (number == SIGTSTP)
            raise(SIGSTOP);
        else if (number != SIGWINCH)
            return true;
    }
    return false;
}

int
command_events(struct ctl *ctl)
{
    int signals = signals_open(), result = CTL_OK;
    struct stream *stream = stream_open(ctl->client, on_event, ctl);

    while (result == CTL_OK && !end_wanted(signals) && !ferror(stdout)) {
        if (stream_wait(stream, signals, -1))
            continue;
        text_complain("%s", stream_error(stream));
        result = stream_refused(stream) ? CTL_REFUSED : CTL_UNREACHED;
    }
    stream_close(stream);
    close(signals);
    return result;
}

int
command_metrics(struct ctl *ctl)
{
    char *text;
    json_t *problem;
    int status = client_text(ctl->client, "/metrics", &text, &problem);

    if (status < 0) {
        text_complain("%s", client_error(ctl->client));
        return CTL_UNREACHED;
    }
    if (problem)
        return ctl_refused(ctl, status, problem);
    char *safe = text_escape_json(text);

    fputs(safe, stdout);
    free(safe);
    free(text);
    return CTL_OK;
}
