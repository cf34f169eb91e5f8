#include "worker/callback/waiting.h"

#include <sodium.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/err.h"

#define HURRIED 3       /* while the receiver is well, no more failures of a callback count … */
#define HURRIED_MAX 200 /* … until this very one has failed as often */

/* Quick at first, for a receiver that fails now and then; patient after about a minute. */
static const int default_delays_ms[] = {200,   400,   800,   1600,  3000,  5000,   5000,  5000,
                                        10000, 10000, 10000, 30000, 60000, 120000, 300000};

int64_t
waiting_jittered(int64_t ms)
{
    return ms / 2 + randombytes_uniform((uint32_t)(ms / 2 + 1));
}

static int64_t
delay_ms(const struct waiting *waiting, unsigned attempts)
{
    size_t last = waiting->delay_count - 1;

    return waiting_jittered(waiting->delays_ms[attempts < last ? attempts : last]);
}

static struct waiting_worksheet *
find(struct waiting *waiting, const char *worksheet)
{
    for (size_t i = 0; i < waiting->count; i++)
        if (strcmp(waiting->all[i].worksheet, worksheet) == 0)
            return &waiting->all[i];
    return NULL;
}

/* Of those that are not under way; NULL: there is none. */
static struct waiting_worksheet *
next_due(struct waiting *waiting, waiting_under_way *under_way, void *arg)
{
    struct waiting_worksheet *first = NULL;

    for (size_t i = 0; i < waiting->count; i++) {
        struct waiting_worksheet *one = &waiting->all[i];

        if ((!first || one->due_ms < first->due_ms) && !under_way(one->worksheet, arg))
            first = one;
    }
    return first;
}

static void
forget(struct waiting *waiting, struct waiting_worksheet *one)
{
    if (one)
        *one = waiting->all[--waiting->count];
}

static struct waiting_worksheet *
add(struct waiting *waiting, const char *worksheet, waiting_under_way *under_way, void *arg)
{
    struct waiting_worksheet *one = find(waiting, worksheet);

    if (one)
        return one;
    if (waiting->count == WAITING_MAX)
        forget(waiting, next_due(waiting, under_way, arg));
    one = &waiting->all[waiting->count++];
    *one = (struct waiting_worksheet){.attempts = 0};
    text_copy(one->worksheet, sizeof one->worksheet, worksheet);
    return one;
}

/* What fails while the receiver accepts others is likely to be accepted soon, too. */
static bool
limit_attempts(struct waiting_worksheet *one)
{
    if (one->refused || one->failures >= HURRIED_MAX || one->attempts <= HURRIED)
        return false;
    one->attempts = HURRIED;
    return true;
}

void
waiting_failed(struct waiting *waiting, const struct waiting_failure *failure,
               waiting_under_way *under_way, void *arg)
{
    struct waiting_worksheet *one = add(waiting, failure->worksheet, under_way, arg);
    int64_t longest_ms = waiting->delays_ms[waiting->delay_count - 1], wait_ms;

    one->failures++;
    one->refused = failure->refused;
    if (failure->well)
        limit_attempts(one);
    wait_ms = delay_ms(waiting, one->attempts++);
    if (wait_ms < failure->least_ms)
        wait_ms = failure->least_ms < longest_ms ? failure->least_ms : longest_ms;
    one->due_ms = clock_monotonic_ms() + (wait_ms < failure->most_ms ? wait_ms : failure->most_ms);
}

void
waiting_hurry(struct waiting *waiting)
{
    int64_t now_ms = clock_monotonic_ms();

    for (size_t i = 0; i < waiting->count; i++) {
        struct waiting_worksheet *one = &waiting->all[i];
        int64_t soon_ms = now_ms + delay_ms(waiting, HURRIED);

        if (limit_attempts(one) && one->due_ms > soon_ms)
            one->due_ms = soon_ms;
    }
}

void
waiting_forget(struct waiting *waiting, const char *worksheet)
{
    forget(waiting, find(waiting, worksheet));
}

int64_t
waiting_due_ms(struct waiting *waiting, const char *worksheet)
{
    const struct waiting_worksheet *one = find(waiting, worksheet);

    return one ? one->due_ms : 0;
}

int64_t
waiting_next_ms(struct waiting *waiting, waiting_under_way *under_way, void *arg)
{
    const struct waiting_worksheet *next = next_due(waiting, under_way, arg);

    return next ? next->due_ms : 0;
}

void
waiting_init(struct waiting *waiting, const int *delays_ms, size_t delay_count)
{
    waiting->delays_ms = delays_ms ? delays_ms : default_delays_ms;
    waiting->delay_count =
        delays_ms ? delay_count : sizeof default_delays_ms / sizeof *default_delays_ms;
}
