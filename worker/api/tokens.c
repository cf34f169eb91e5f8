/* The port's tokens: which there are, and when each was last used. */
#include <string.h>
#include <strings.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/base/secret.h"
#include "worker/api/internal.h"

#define NOTE "tokens"       /* in the queue: {HASH: time} */
#define AGAIN_MS 10000      /* a use so soon after the last one is not told */
#define KEEP_EVERY_MS 60000 /* at most so often the disk is written for them */

static bool
is_manage(const json_t *token)
{
    return strcmp(json_string_value(json_object_get(token, "scope")), "manage") == 0;
}

/* Every token is compared, so that the duration does not reveal which one was close. */
static const json_t *
find_token(const json_t *tokens, const char *given)
{
    const json_t *found = NULL;

    for (size_t i = 0; i < json_array_size(tokens); i++) {
        const json_t *token = json_array_get(tokens, i);

        if (secret_token_matches(given, json_string_value(json_object_get(token, "hash"))) &&
            (!found || is_manage(token)))
            found = token;
    }
    return found;
}

static void
note_use(struct api *api, const char *hash)
{
    int64_t now_ms = clock_wall_ms(),
            last_ms = json_integer_value(json_object_get(api->token_uses, hash));
    struct timeval pause = clock_timeval(KEEP_EVERY_MS);

    if (now_ms - last_ms < AGAIN_MS && now_ms >= last_ms)
        return;
    json_object_set_new(api->token_uses, hash, json_integer(now_ms));
    if (!evtimer_pending(api->keep_uses, NULL))
        evtimer_add(api->keep_uses, &pause);
    if (api->setup.token_used)
        api->setup.token_used(hash, now_ms, api->setup.arg);
}

const json_t *
api_token_find(struct api *api, const struct call *call)
{
    const char *header = call->authorization ? call->authorization : "";
    const json_t *token =
        strncasecmp(header, "Bearer ", 7) == 0 ? find_token(api->tokens, header + 7) : NULL;

    if (token)
        note_use(api, json_string_value(json_object_get(token, "hash")));
    return token;
}

/* Those of tokens that are no more are forgotten. */
static json_t *
uses_of(const json_t *tokens, const json_t *uses)
{
    json_t *kept = json_object();

    for (size_t i = 0; i < json_array_size(tokens); i++) {
        const char *hash = json_string_value(json_object_get(json_array_get(tokens, i), "hash"));
        json_t *at = hash ? json_object_get(uses, hash) : NULL;

        if (json_is_integer(at))
            json_object_set(kept, hash, at);
    }
    return kept;
}

void
api_set_tokens(struct api *api, const json_t *tokens)
{
    json_t *uses = uses_of(tokens, api->token_uses);

    json_decref(api->tokens);
    json_decref(api->token_uses);
    api->tokens = json_deep_copy(tokens);
    api->token_uses = uses;
}

static void
keep(struct api *api)
{
    struct err err;

    if (queue_keep(api->setup.queue, NOTE, api->token_uses, &err))
        log_warning("cannot store when tokens were last used: %s", err.text);
}

static void
on_keep(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    keep(arg);
}

void
api_tokens_open(struct api *api)
{
    const json_t *tokens = json_object_get(api->setup.workshop->document, "api_tokens");

    api->keep_uses = loop_timer(api->setup.base, on_keep, api);
    if (json_array_size(tokens))
        api->token_uses = queue_kept(api->setup.queue, NOTE);
    api_set_tokens(api, tokens);
}

void
api_tokens_close(struct api *api)
{
    if (evtimer_pending(api->keep_uses, NULL))
        keep(api);
    event_free(api->keep_uses);
    json_decref(api->tokens);
    json_decref(api->token_uses);
}

void
api_tell_uses(const struct api *api)
{
    const char *hash;
    json_t *at;

    if (api->setup.token_used)
        json_object_foreach(api->token_uses, hash, at)
            api->setup.token_used(hash, json_integer_value(at), api->setup.arg);
}
