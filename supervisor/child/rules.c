/* What follows an exit, and after which wait. */
#include "supervisor/child/rules.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "supervisor/system/spawn.h"

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 30000
#define SHORT_LIVES_FAILURES 5 /* 3.2 s */

enum child_state
child_after_exit(const struct child_end *end)
{
    if (end->wanted == CHILD_DOWN)
        return CHILD_STOPPED;
    if (end->asked)
        return CHILD_STARTING;
    if (end->was_ready)
        return end->short_lives > CHILD_SHORT_LIVES_MAX ? CHILD_BACKOFF : CHILD_STARTING;
    if (end->idle)
        return CHILD_FAILED; /* as before: wanted, and at rest */
    /* A configuration that the worker refuses stays refused: retrying does not help. */
    return end->code == EX_CONFIG ? CHILD_FAILED : CHILD_BACKOFF;
}

int64_t
child_backoff_ms(unsigned failures)
{
    int64_t delay = BACKOFF_FIRST_MS;

    while (failures-- && delay < BACKOFF_MAX_MS)
        delay *= 2;
    return delay < BACKOFF_MAX_MS ? delay : BACKOFF_MAX_MS;
}

unsigned
child_short_lives_failures(unsigned short_lives)
{
    unsigned failures = short_lives - CHILD_SHORT_LIVES_MAX - 1;

    return failures < SHORT_LIVES_FAILURES ? failures : SHORT_LIVES_FAILURES;
}

const char *
child_state_name(enum child_state state)
{
    static const char *const names[CHILD_STATES] = {
        [CHILD_STOPPED] = "stopped",   [CHILD_STARTING] = "starting", [CHILD_RUNNING] = "running",
        [CHILD_STOPPING] = "stopping", [CHILD_BACKOFF] = "backoff",   [CHILD_FAILED] = "failed"};

    return names[state];
}

/* The worker's exit statuses; worker/main.c lists them for people too. */
static const char *
status_meaning(int code)
{
    static const struct {
        int code;
        const char *meaning;
    } meanings[] = {
        {EX_USAGE, "invalid command line"}, {EX_OSERR, "a system resource is not available"},
        {EX_IOERR, "cannot use the queue"}, {EX_TEMPFAIL, "another process uses the queue"},
        {EX_CONFIG, "configuration error"}, {SPAWN_EXEC_FAILED, "cannot execute the worker"}};

    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (meanings[i].code == code)
            return meanings[i].meaning;
    return NULL;
}

void
child_exit_text(const struct child_exit *end, char *text, size_t size)
{
    const char *meaning = status_meaning(end->code);

    if (end->signal)
        snprintf(text, size, "killed by signal %d (%s)", end->signal, strsignal(end->signal));
    else if (meaning)
        snprintf(text, size, "exit status %d (%s)", end->code, meaning);
    else
        snprintf(text, size, "exit status %d", end->code);
}
