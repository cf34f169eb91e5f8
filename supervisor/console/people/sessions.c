#include "supervisor/console/people/sessions.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/disk.h"
#include "common/base/log.h"
#include "common/base/secret.h"
#include "common/json/file.h"

struct sessions {
    char *path;
    int64_t idle_ms, absolute_ms;
    size_t count;
    struct session items[SESSIONS_MAX];
};

/* --- the file --- */

static void
save(const struct sessions *sessions)
{
    json_t *list = json_array();
    struct err err;
    char *text;

    for (size_t i = 0; i < sessions->count; i++) {
        const struct session *one = &sessions->items[i];

        json_array_append_new(list, json_pack("{ss ss sI sI sI}", "hash", one->hash, "name",
                                              one->name, "epoch", (json_int_t)one->epoch,
                                              "created_ms", (json_int_t)one->created_ms, "seen_ms",
                                              (json_int_t)one->seen_ms));
    }
    text = json_dumps(list, JSON_COMPACT);
    if (disk_replace(sessions->path, text, strlen(text), &err))
        log_warning("cannot save the sessions, so a restart will sign everyone out: %s", err.text);
    free(text);
    json_decref(list);
}

static void
load(struct sessions *sessions)
{
    struct err err;
    json_t *list = json_file_read(sessions->path, &err), *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        const char *hash, *name;
        json_int_t epoch, created_ms, seen_ms;

        if (sessions->count == SESSIONS_MAX ||
            json_unpack(item, "{ss ss sI sI sI}", "hash", &hash, "name", &name, "epoch", &epoch,
                        "created_ms", &created_ms, "seen_ms", &seen_ms))
            break;
        struct session *one = &sessions->items[sessions->count++];

        *one = (struct session){.epoch = epoch, .created_ms = created_ms, .seen_ms = seen_ms};
        text_copy(one->hash, sizeof one->hash, hash);
        text_copy(one->name, sizeof one->name, name);
    }
    json_decref(list);
}

struct sessions *
sessions_open(const char *path, int64_t idle_ms, int64_t absolute_ms)
{
    struct sessions *sessions = mem_alloc(sizeof *sessions);

    sessions->path = mem_string(path);
    sessions->idle_ms = idle_ms;
    sessions->absolute_ms = absolute_ms;
    load(sessions);
    return sessions;
}

void
sessions_close(struct sessions *sessions)
{
    save(sessions);
    free(sessions->path);
    free(sessions);
}

/* --- one session --- */

static bool
holds(const struct sessions *sessions, const struct session *one, const json_t *accounts)
{
    const json_t *account = accounts_find(accounts, one->name);
    int64_t now_ms = clock_wall_ms();

    return account && json_integer_value(json_object_get(account, "epoch")) == one->epoch &&
           now_ms - one->created_ms < sessions->absolute_ms &&
           now_ms - one->seen_ms < sessions->idle_ms && one->created_ms <= now_ms;
}

static void
drop(struct sessions *sessions, size_t i)
{
    memmove(&sessions->items[i], &sessions->items[i + 1],
            (--sessions->count - i) * sizeof *sessions->items);
}

/* They are ordered by their creation. */
static void
make_room(struct sessions *sessions, const char *name)
{
    size_t own = 0, first = sessions->count;

    for (size_t i = sessions->count; i-- > 0;)
        if (strcmp(sessions->items[i].name, name) == 0) {
            own++;
            first = i;
        }
    if (own >= SESSIONS_PER_ACCOUNT)
        drop(sessions, first);
    else if (sessions->count == SESSIONS_MAX)
        drop(sessions, 0);
}

char *
sessions_new(struct sessions *sessions, const json_t *account)
{
    const char *name = json_string_value(json_object_get(account, "name"));
    struct session *one;
    char *token = secret_token_new();

    make_room(sessions, name);
    one = &sessions->items[sessions->count++];
    *one = (struct session){.epoch = json_integer_value(json_object_get(account, "epoch")),
                            .created_ms = clock_wall_ms()};
    one->seen_ms = one->created_ms;
    text_copy(one->name, sizeof one->name, name);
    secret_token_hash(token, one->hash);
    save(sessions);
    return token;
}

const struct session *
sessions_find(struct sessions *sessions, const char *token, const json_t *accounts)
{
    char hash[SECRET_HASH_TEXT_BYTES];

    secret_token_hash(token, hash);
    for (size_t i = 0; i < sessions->count; i++) {
        struct session *one = &sessions->items[i];

        if (!secret_equal(hash, one->hash, sizeof one->hash))
            continue;
        if (!holds(sessions, one, accounts)) {
            drop(sessions, i);
            return NULL;
        }
        one->seen_ms = clock_wall_ms();
        return one;
    }
    return NULL;
}

bool
sessions_hold(const struct sessions *sessions, const char *hash, const json_t *accounts)
{
    for (size_t i = 0; i < sessions->count; i++)
        if (strcmp(sessions->items[i].hash, hash) == 0)
            return holds(sessions, &sessions->items[i], accounts);
    return false;
}

void
sessions_end(struct sessions *sessions, const char *name, const char *hash)
{
    for (size_t i = sessions->count; i-- > 0;)
        if (strcmp(sessions->items[i].name, name) == 0 &&
            (!hash || strcmp(sessions->items[i].hash, hash) == 0))
            drop(sessions, i);
    save(sessions);
}

json_t *
sessions_list(const struct sessions *sessions, const char *name, const char *current)
{
    json_t *list = json_array();
    char created[CLOCK_TEXT_BYTES], seen[CLOCK_TEXT_BYTES];

    for (size_t i = 0; i < sessions->count; i++) {
        const struct session *one = &sessions->items[i];

        if (strcmp(one->name, name))
            continue;
        clock_text(one->created_ms, created);
        clock_text(one->seen_ms, seen);
        json_array_append_new(list, json_pack("{ss ss sb}", "created_at", created, "seen_at", seen,
                                              "current", strcmp(one->hash, current) == 0));
    }
    return list;
}
