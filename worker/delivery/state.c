/* The worker's state: running, stopped, or parked, with a probe from time to time. set_state is its
 * only writer. */
#include <sodium.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/order/reason.h"
#include "worker/delivery/internal.h"

#define PARK_AFTER 5 /* consecutive technical failures */

/* --- the worker's state --- */

static void
set_state(struct delivery *d, enum delivery_state state, const char *reason, const char *text)
{
    static const char *const names[] = {
        [STOPPED] = "stopped", [RUNNING] = "running", [PARKED] = "parked"};

    if (state == d->state && reason == d->reason)
        return;
    log_write(state == PARKED ? LOG_WARNING : LOG_INFO, LOG_ORDERLINE, NULL, "worker: %s -> %s%s%s",
              names[d->state], names[state], reason ? ": " : "", reason ? reason : "");
    queue_set_running(d->setup.queue, state != STOPPED);
    d->state = state;
    d->reason = reason;
    d->since_ms = clock_wall_ms();
    text_copy(d->text, sizeof d->text, text);
    d->setup.changed(d->setup.arg);
}

static void
schedule_probe(struct delivery *d)
{
    const struct retry_policy *retry = &d->setup.workshop->retry;

    d->probes++;
    d->probe_ms = clock_wall_ms() + 1 + policy_backoff_ms(retry, d->probes, randombytes_random());
}

/* A single order that fails repeatedly does not mean that the ERP is down. */
static bool
is_another_failure(struct delivery *d, const char *uniqueid, const char *reason)
{
    bool another = strcmp(reason, REASON_ERP_UNREACHABLE) == 0 || strcmp(d->last_failed, uniqueid);

    text_copy(d->last_failed, sizeof d->last_failed, uniqueid);
    return another;
}

void
delivery_job_ended(enum policy_sign sign, const char *uniqueid, const struct erp_outcome *outcome,
                   void *arg)
{
    struct delivery *d = arg;
    const char *reason = outcome->reason_code, *text = outcome->reason_text;

    if (sign == POLICY_ANSWERS) {
        d->failures = d->probes = 0;
        if (d->state == PARKED && d->probe_ms != NEVER)
            set_state(d, RUNNING, NULL, "");
        return;
    }
    if (d->state == STOPPED)
        return;
    if (sign == POLICY_REFUSES) {
        d->probe_ms = NEVER;
        d->since_ms = clock_wall_ms();
        set_state(d, PARKED, reason, text);
    } else if (d->state == PARKED && d->probe_ms != NEVER) {
        schedule_probe(d);
        d->setup.changed(d->setup.arg);
    } else if (d->state == RUNNING && is_another_failure(d, uniqueid, reason) &&
               ++d->failures >= PARK_AFTER) {
        d->probes = 0;
        schedule_probe(d);
        set_state(d, PARKED, reason, text);
    }
}

void
delivery_boot(struct delivery *d)
{
    const struct credentials *configured = d->setup.credentials;

    if (!configured->username || !queue_refused_ms(d->setup.queue, configured))
        delivery_start(d);
    else
        set_state(d, PARKED, REASON_AUTH_FAILED,
                  "the ERP has refused these credentials: correct them, or start the worker");
}

void
delivery_start(struct delivery *d)
{
    if (d->setup.credentials->username && queue_refused_ms(d->setup.queue, d->setup.credentials))
        queue_set_refused(d->setup.queue, d->setup.credentials, 0);
    d->failures = d->probes = 0;
    d->probe_ms = NEVER;
    sessions_forget_refused(&d->jobs.sessions);
    set_state(d, RUNNING, NULL, "");
    delivery_pump_soon(d);
}

void
delivery_stop(struct delivery *d, const char *text)
{
    evtimer_del(d->timer);
    if (d->state != STOPPED) {
        set_state(d, STOPPED, NULL, text);
        return;
    }
    text_copy(d->text, sizeof d->text, text);
    d->setup.changed(d->setup.arg);
}

const char *
delivery_state(const struct delivery *d)
{
    return d->state == RUNNING ? "running" : d->state == PARKED ? "parked" : "stopped";
}

const char *
delivery_reason(const struct delivery *d)
{
    return d->reason;
}

const char *
delivery_text(const struct delivery *d)
{
    return *d->text ? d->text : NULL;
}

int64_t
delivery_since_ms(const struct delivery *d)
{
    return d->since_ms;
}

int64_t
delivery_next_probe_ms(const struct delivery *d)
{
    bool none = d->state != PARKED || d->probe_ms == NEVER || !queue_length(d->setup.queue);

    return none ? 0 : d->probe_ms;
}

bool
delivery_troubled(const struct delivery *d)
{
    return d->state == PARKED || d->failures;
}
