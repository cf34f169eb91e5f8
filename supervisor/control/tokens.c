/* A workshop's API tokens. The daemon only sees their hashes. */
#include <string.h>

#include "common/config/parts.h"
#include "supervisor/control/internal.h"
#include "supervisor/monitoring/view.h"

void
tokens_get(struct call *call, void *context)
{
    const struct child *child = control_find(context, call);

    if (child && control_sound(child, call))
        call_reply(call, 200, view_tokens(child));
}

/* Its index in api_tokens; the array's size if it is not there. */
static size_t
find_token(const json_t *tokens, const char *name)
{
    size_t i = 0;

    while (
        i < json_array_size(tokens) &&
        strcmp(json_string_value(json_object_get(json_array_get(tokens, i), "name")) ?: "", name))
        i++;
    return i;
}

/* Here a token needs a name, or it could not be revoked. */
static bool
check_token(const json_t *token, struct json_faults *faults)
{
    const struct json_location location = {"", "", faults};

    config_check_token(token, &location);
    if (!json_object_get(token, "name"))
        json_check_fault(&location, "name", "is missing");
    return !faults->count;
}

/* Takes over the document. */
static void
change(struct control *control, struct child *child, json_t *document, struct call *call)
{
    if (workshops_change(control, child, document, call))
        commands_do(control->commands, COMMAND_TOKENS, child, call, NULL);
}

static void
add(struct control *control, struct child *child, json_t *token, struct call *call)
{
    json_t *document = json_deep_copy(child->workshop->document);
    json_t *tokens = json_object_get(document, "api_tokens");

    if (!tokens) {
        tokens = json_array();
        json_object_set_new(document, "api_tokens", tokens);
    }
    json_array_append(tokens, token);
    change(control, child, document, call);
}

void
tokens_post(struct call *call, void *context)
{
    struct control *control = context;
    struct child *child = control_accepts(control, call) ? control_find(control, call) : NULL;
    json_t *token = child && control_matches(child, call) ? call_object(call) : NULL;
    struct json_faults faults = {0};
    const json_t *tokens;
    const char *name;

    if (!token)
        return;
    tokens = json_object_get(child->workshop->document, "api_tokens");
    name = json_string_value(json_object_get(token, "name"));
    if (!check_token(token, &faults))
        control_refuse_faults(call, &faults);
    else if (find_token(tokens, name) < json_array_size(tokens))
        call_problem(call, 409, "token_exists", NULL, "token \"%s\" already exists", name);
    else
        add(control, child, token, call);
    json_faults_clear(&faults);
    json_decref(token);
}

void
tokens_delete(struct call *call, void *context)
{
    struct control *control = context;
    struct child *child = control_accepts(control, call) ? control_find(control, call) : NULL;
    const json_t *tokens;
    json_t *document;
    size_t at;

    if (!child || !control_matches(child, call))
        return;
    tokens = json_object_get(child->workshop->document, "api_tokens");
    at = find_token(tokens, call->params[1]);
    if (at == json_array_size(tokens)) {
        call_problem(call, 404, "unknown_token", NULL, "no such token: \"%s\"", call->params[1]);
        return;
    }
    document = json_deep_copy(child->workshop->document);
    json_array_remove(json_object_get(document, "api_tokens"), at);
    change(control, child, document, call);
}
