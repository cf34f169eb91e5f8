/* Prints the steps as the driver reports them. */
#include "worker/dryrun/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/dryrun/folder.h"

static void
say_variables(struct trace *t)
{
    const json_t *line;
    size_t i;

    json_array_foreach(t->variables, i, line)
    {
        dryrun_page_say(t->page, "               %s\n", json_string_value(line));
    }
    json_array_clear(t->variables);
}

/* The browser's requests since the last printed step. */
static void
say_requests(const struct trace *t)
{
    char *list = proxy_list(t->setup->proxy), *rest = list, *line;

    while ((line = strsep(&rest, "\n")))
        if (*line)
            dryrun_page_say(t->page, "               %s\n", line + PROXY_LIST_TIME_BYTES);
    free(list);
    proxy_begin(t->setup->proxy);
}

/* The step has ended. words: why it failed; before: text before that. */
static void
say_step(struct trace *t, const char *label, int64_t now_ms, const char *before,
         const char *message)
{
    int64_t took_ms = *t->step ? now_ms - t->began_ms : 0;

    dryrun_page_say(t->page, "%3u %7.2f s  %s%s%s\n", ++t->steps, (double)took_ms / 1000, label,
                    *message ? before : "", message);
    say_variables(t);
    say_requests(t);
    fflush(stdout);
    *t->step = '\0';
}

static void
see_step(struct trace *t, const char *label)
{
    char *name = dryrun_folder_name(t->steps, label, "png");

    json_array_append_new(t->unseen, json_string(name));
    free(name);
}

void
trace_begin(struct trace *t, const char *label, int64_t now_ms)
{
    text_copy(t->step, sizeof t->step, label);
    t->began_ms = now_ms;
}

static void
on_begin(struct trace *t, const struct webdriver_event *event)
{
    if (*t->step) /* the browser */
        say_step(t, t->step, event->now_ms, "", "");
    trace_begin(t, event->name, event->now_ms);
}

static void
on_set(struct trace *t, const struct webdriver_event *event)
{
    char *line = mem_format("%s = \"%s\"", event->name, event->message);

    json_array_append_new(t->variables, json_string(line));
    free(line);
    if (!*t->step)
        say_variables(t);
}

static void
on_end(struct trace *t, const struct webdriver_event *event)
{
    char label[LABEL_BYTES];

    text_copy(label, sizeof label, t->step);
    say_step(t, label, event->now_ms, ", warning: ", event->message);
    see_step(t, label);
}

static void
on_fail(struct trace *t, const struct webdriver_event *event)
{
    text_copy(t->failed, sizeof t->failed, event->name);
    say_step(t, event->name, event->now_ms, ", failed: ", event->message);
    see_step(t, event->name);
}

static void
on_renew(struct trace *t, const struct webdriver_event *event)
{
    (void)event;
    *t->failed = '\0';
    dryrun_page_say(t->page, "               session_lost: logging in again and starting over\n");
}

void
trace_on_event(const struct webdriver_event *event, void *arg)
{
    static void (*const functions[])(struct trace * t, const struct webdriver_event *event) = {
        [WEBDRIVER_BEGINS] = on_begin,
        [WEBDRIVER_SETS] = on_set,
        [WEBDRIVER_ENDS] = on_end,
        [WEBDRIVER_FAILS] = on_fail,
        [WEBDRIVER_RENEWS] = on_renew};

    functions[event->kind](arg, event);
}
