/* Hints by the refusal's code. An unknown workshop gets the nearest name. */
#include "supervisor/ctl/call/hint.h"

#include <stdlib.h>
#include <string.h>

#include "common/json/similar.h"
#include "supervisor/ctl/net/client.h"
#include "supervisor/ctl/term/text.h"

static const struct {
    const char *code, *before, *after; /* the workshop, quoted, stands between them */
} hints[] = {
    {"orders_waiting", "to remove it anyway and archive its queue: pumplinectl remove ",
     " --force"},
    {"queue_unknown", "to remove it anyway and archive its queue: pumplinectl remove ", " --force"},
};

static void
hint_nearest(const struct ctl *ctl)
{
    struct similar similar = {.word = ctl->args[0]};
    json_t *health, *one;
    size_t i;
    int status = client_call(ctl->client, "GET", "/health", NULL, &health);

    json_array_foreach(status == 200 ? json_object_get(health, "integrations") : NULL, i, one)
    {
        similar_try(&similar, json_string_value(json_object_get(one, "slug")));
        similar_try(&similar, json_string_value(json_object_get(one, "workshop")));
    }
    if (similar.best)
        text_complain("did you mean %s?", similar.best);
    else if (status == 200)
        text_complain("run `pumplinectl status` to list the workshops");
    json_decref(health);
}

void
hint_print(const struct ctl *ctl, const json_t *problem)
{
    const char *code = json_string_value(json_object_get(problem, "code"));

    if (!code || !ctl->args_count)
        return;
    if (strcmp(code, "unknown_workshop") == 0)
        hint_nearest(ctl);
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if (strcmp(code, hints[i].code) == 0) {
            char *workshop = text_shell_quote(ctl->args[0]);

            text_complain("%s%s%s", hints[i].before, workshop, hints[i].after);
            free(workshop);
        }
}
