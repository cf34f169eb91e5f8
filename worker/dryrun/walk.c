/* Prints the steps as the driver reports them. */
#include "worker/dryrun/walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/dryrun/folder.h"

static void
say_variables(struct walk *w)
{
    const json_t *line;
    size_t i;

    json_array_foreach(w->variables, i, line)
    {
        dryrun_page_say(w->page, "               %s\n", json_string_value(line));
    }
    json_array_clear(w->variables);
}

/* The browser's requests since the last printed step. */
static void
say_requests(const struct walk *w)
{
    char *list = proxy_list(w->setup->proxy), *rest = list, *line;

    while ((line = strsep(&rest, "\n")))
        if (*line)
            dryrun_page_say(w->page, "               %s\n", line + PROXY_LIST_TIME_BYTES);
    free(list);
    proxy_begin(w->setup->proxy);
}

/* The step has ended. words: why it failed; before: text before that. */
static void
say_step(struct walk *w, const char *label, int64_t now_ms, const char *before, const char *message)
{
    int64_t took_ms = *w->step ? now_ms - w->began_ms : 0;

    dryrun_page_say(w->page, "%3u %7.2f s  %s%s%s\n", ++w->steps, (double)took_ms / 1000, label,
                    *message ? before : "", message);
    say_variables(w);
    say_requests(w);
    fflush(stdout);
    *w->step = '\0';
}

static void
see_step(struct walk *w, const char *label)
{
    char *name = dryrun_folder_name(w->steps, label, "png");

    json_array_append_new(w->unseen, json_string(name));
    free(name);
}

void
walk_begin(struct walk *w, const char *label, int64_t now_ms)
{
    text_copy(w->step, sizeof w->step, label);
    w->began_ms = now_ms;
}

static void
on_begin(struct walk *w, const struct webdriver_event *event)
{
    if (*w->step) /* the browser */
        say_step(w, w->step, event->now_ms, "", "");
    walk_begin(w, event->name, event->now_ms);
}

static void
on_set(struct walk *w, const struct webdriver_event *event)
{
    char *line = mem_format("%s = \"%s\"", event->name, event->message);

    json_array_append_new(w->variables, json_string(line));
    free(line);
    if (!*w->step)
        say_variables(w);
}

static void
on_end(struct walk *w, const struct webdriver_event *event)
{
    char label[LABEL_BYTES];

    text_copy(label, sizeof label, w->step);
    say_step(w, label, event->now_ms, ", warning: ", event->message);
    see_step(w, label);
}

static void
on_fail(struct walk *w, const struct webdriver_event *event)
{
    text_copy(w->failed, sizeof w->failed, event->name);
    say_step(w, event->name, event->now_ms, ", failed: ", event->message);
    see_step(w, event->name);
}

static void
on_renew(struct walk *w, const struct webdriver_event *event)
{
    (void)event;
    *w->failed = '\0';
    dryrun_page_say(w->page, "               session_lost: logging in again and starting over\n");
}

void
walk_on_event(const struct webdriver_event *event, void *arg)
{
    static void (*const functions[])(struct walk * w, const struct webdriver_event *event) = {
        [WEBDRIVER_BEGINS] = on_begin,
        [WEBDRIVER_SETS] = on_set,
        [WEBDRIVER_ENDS] = on_end,
        [WEBDRIVER_FAILS] = on_fail,
        [WEBDRIVER_RENEWS] = on_renew};

    functions[event->kind](arg, event);
}
