/* What the daemon tells by itself: its events, a line each, and its figures. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/ctl/client.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/signals.h"
#include "supervisor/ctl/stream.h"
#include "supervisor/ctl/text.h"

/* Members that have their own place in a line. */
static bool
is_placed(const char *name)
{
    static const char *const placed[] = {"at", "workshop", "slug", "event"};

    for (size_t i = 0; i < sizeof placed / sizeof *placed; i++)
        if (strcmp(name, placed[i]) == 0)
            return true;
    return false;
}

/* " NAME VALUE" for each of the other members that says something. To be freed. */
static char *
details(const json_t *event)
{
    char *text = text_format("%s", "");
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)event, name, value)
    {
        if (is_placed(name) || json_is_null(value))
            continue;
        char *word = text_of_json(value);
        char *longer = text_format("%s%s %s %s", text, *text ? "," : "", name, word);

        free(word);
        free(text);
        text = longer;
    }
    return text;
}

static void
print_event(const char *name, const json_t *event)
{
    const char *at = json_string_value(json_object_get(event, "at"));
    const char *workshop = json_string_value(json_object_get(event, "workshop"));
    char *rest = details(event);

    text_say("%s%s%s: %s%s", at ? at : "", at ? " " : "", workshop ? workshop : "pumplined", name,
             rest);
    free(rest);
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
