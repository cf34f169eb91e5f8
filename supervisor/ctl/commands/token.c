/* The commands about a workshop's tokens. A token is created here and shown once; the daemon only
 * gets its hash. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/secret.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/term/text.h"

/* A name that distinguishes tokens without revealing them. */
enum { NAME_HASH_CHARACTERS = 8 };

static char *
token_name(const struct ctl *ctl, const char *hash)
{
    const char *name = ctl->options[OPTION_NAME];

    return name ? mem_string(name)
                : mem_format("%s-%.*s", ctl->options[OPTION_SCOPE], NAME_HASH_CHARACTERS, hash);
}

/* The daemon's text is used if there is one; the token is on its own line, for copying. */
static void
print_token(const struct ctl *ctl, const json_t *reply)
{
    const char *name = json_string_value(json_object_get(reply, "name"));

    text_say("%s: token %s added; it is shown only once:", ctl_workshop(ctl, reply), name);
    text_say("%s", json_string_value(json_object_get(reply, "token")));
    if (json_array_size(json_object_get(reply, "tokens")) == 1)
        text_say("This is the workshop's first token: from now on its port refuses clients without "
                 "one (401).");
}

static int
send_hash(struct ctl *ctl, const char *name, const char *hash, json_t **reply)
{
    json_t *body = json_object();
    int result = ctl_body_set(body, "name", name);

    if (result == CTL_OK)
        result = ctl_body_set(body, "scope", ctl->options[OPTION_SCOPE]);
    if (result == CTL_OK)
        result = ctl_body_set(body, "hash", hash);
    if (result == CTL_OK)
        result = ctl_call(ctl, "POST", ctl_path(ctl, "tokens"), body, reply);
    json_decref(body);
    return result;
}

int
command_token_add(struct ctl *ctl)
{
    char *token = secret_token_new(), hash[SECRET_HASH_TEXT_BYTES];
    json_t *reply;

    secret_token_hash(token, hash);
    char *name = token_name(ctl, hash);
    int result = send_hash(ctl, name, hash, &reply);

    if (result == CTL_OK) {
        json_object_set_new(reply, "name", json_string(name));
        json_object_set_new(reply, "scope", json_string(ctl->options[OPTION_SCOPE]));
        json_object_set_new(reply, "token", json_string(token));
        ctl_show(ctl, reply, print_token);
    }
    if (result == CTL_UNREACHED)
        text_complain("token %s may have been added, but its value was lost: revoke it", name);
    free(name);
    secret_free(token);
    return result;
}

enum { TOKEN_NAME, TOKEN_SCOPE, TOKEN_USED, TOKEN_COUNT };

static const struct column token_columns[TOKEN_COUNT] = {
    [TOKEN_NAME] = {.title = "NAME", .flexible = true},
    [TOKEN_SCOPE] = {.title = "SCOPE"},
    [TOKEN_USED] = {.title = "LAST USED"},
};

static void
print_tokens(const struct ctl *ctl, const json_t *reply)
{
    const json_t *tokens = json_object_get(reply, "tokens");
    struct table *table = table_new(token_columns, TOKEN_COUNT);
    size_t i;
    json_t *one;

    json_array_foreach(tokens, i, one)
    {
        table_row(table);
        table_json(table, TOKEN_NAME, COLOUR_NONE, json_object_get(one, "name"));
        table_json(table, TOKEN_SCOPE, COLOUR_NONE, json_object_get(one, "scope"));
        table_json(table, TOKEN_USED, COLOUR_NONE, json_object_get(one, "last_used_at"));
    }
    if (json_array_size(tokens) > 0)
        table_print(table, &ctl->screen);
    else
        text_say("%s: no tokens", ctl_workshop(ctl, reply));
    table_free(table);
}

int
command_token_list(struct ctl *ctl)
{
    return ctl_run(ctl, "GET", ctl_path(ctl, "tokens"), NULL, print_tokens);
}

static void
print_revoked(const struct ctl *ctl, const json_t *reply)
{
    const json_t *left = json_object_get(reply, "tokens");

    text_say("%s: token %s revoked", ctl_workshop(ctl, reply), ctl->args[1]);
    if (json_is_array(left) && json_array_size(left) == 0)
        text_say("No token is left: from now on the port accepts clients without one.");
}

int
command_token_revoke(struct ctl *ctl)
{
    return ctl_run(ctl, "DELETE", ctl_path_of_second(ctl, "tokens/", ""), NULL, print_revoked);
}
