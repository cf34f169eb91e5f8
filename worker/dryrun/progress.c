/* Prints the steps as the driver reports them. */
#include "worker/dryrun/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/dryrun/folder.h"

static void
say_variables(struct progress *p)
{
    const json_t *line;
    size_t i;

    json_array_foreach(p->variables, i, line)
    {
        dryrun_page_say(p->page, "               %s\n", json_string_value(line));
    }
    json_array_clear(p->variables);
}

/* The browser's requests since the last printed step. */
static void
say_requests(const struct progress *p)
{
    char *list = proxy_list(p->setup->proxy), *rest = list, *line;

    while ((line = strsep(&rest, "\n")))
        if (*line)
            dryrun_page_say(p->page, "               %s\n", line + PROXY_LIST_TIME_BYTES);
    free(list);
    proxy_begin(p->setup->proxy);
}

/* The step has ended. words: why it failed; before: text before that. */
static void
say_step(struct progress *p, const char *label, int64_t now_ms, const char *before,
         const char *message)
{
    int64_t took_ms = *p->step ? now_ms - p->began_ms : 0;

    dryrun_page_say(p->page, "%3u %7.2f s  %s%s%s\n", ++p->steps, (double)took_ms / 1000, label,
                    *message ? before : "", message);
    say_variables(p);
    say_requests(p);
    fflush(stdout);
    *p->step = '\0';
}

static void
see_step(struct progress *p, const char *label)
{
    char *name = dryrun_folder_name(p->steps, label, "png");

    json_array_append_new(p->unseen, json_string(name));
    free(name);
}

void
progress_begin(struct progress *p, const char *label, int64_t now_ms)
{
    text_copy(p->step, sizeof p->step, label);
    p->began_ms = now_ms;
}

static void
on_begin(struct progress *p, const struct webdriver_event *event)
{
    if (*p->step) /* the browser */
        say_step(p, p->step, event->now_ms, "", "");
    progress_begin(p, event->name, event->now_ms);
}

static void
on_set(struct progress *p, const struct webdriver_event *event)
{
    char *line = mem_format("%s = \"%s\"", event->name, event->message);

    json_array_append_new(p->variables, json_string(line));
    free(line);
    if (!*p->step)
        say_variables(p);
}

static void
on_end(struct progress *p, const struct webdriver_event *event)
{
    char label[LABEL_BYTES];

    text_copy(label, sizeof label, p->step);
    say_step(p, label, event->now_ms, ", warning: ", event->message);
    see_step(p, label);
}

static void
on_fail(struct progress *p, const struct webdriver_event *event)
{
    text_copy(p->failed, sizeof p->failed, event->name);
    say_step(p, event->name, event->now_ms, ", failed: ", event->message);
    see_step(p, event->name);
}

static void
on_renew(struct progress *p, const struct webdriver_event *event)
{
    (void)event;
    *p->failed = '\0';
    dryrun_page_say(p->page, "               session_lost: logging in again and starting over\n");
}

void
progress_on_event(const struct webdriver_event *event, void *arg)
{
    static void (*const functions[])(struct progress * p, const struct webdriver_event *event) = {
        [WEBDRIVER_BEGINS] = on_begin,
        [WEBDRIVER_SETS] = on_set,
        [WEBDRIVER_ENDS] = on_end,
        [WEBDRIVER_FAILS] = on_fail,
        [WEBDRIVER_RENEWS] = on_renew};

    functions[event->kind](arg, event);
}
