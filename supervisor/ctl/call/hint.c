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

/* The options that set what the API calls by another name. */
static const struct {
    const char *field;
    enum ctl_option option;
    const char *with;
} setters[] = {
    {"worksheet", OPTION_WORKSHEET, "--worksheet"},
    {"product_nr", OPTION_PRODUCT, "--product"},
    {"product_amount", OPTION_AMOUNT, "--amount"},
    {"uniqueid", OPTION_ID, "--id"},
    {"username", OPTION_USERNAME, "--username"},
    {"password", OPTION_PASSWORD_FILE, "--password-file"},
    {"reason_code", OPTION_REASON, "--reason"},
    {"from", OPTION_FROM, "--from"},
    {"to", OPTION_TO, "--to"},
    {"until", OPTION_UNTIL, "--until, a time or a duration such as 2h"},
};

static void
hint_setters(const struct ctl *ctl, const json_t *fields)
{
    json_t *field;
    size_t i;

    json_array_foreach(fields, i, field)
    {
        for (size_t k = 0; json_is_string(field) && k < sizeof setters / sizeof *setters; k++)
            if (strcmp(json_string_value(field), setters[k].field) == 0 &&
                ctl->command->options & OPTION_BIT(setters[k].option))
                text_complain("set \"%s\" with %s", setters[k].field, setters[k].with);
    }
}

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

    hint_setters(ctl, json_object_get(problem, "fields"));
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
