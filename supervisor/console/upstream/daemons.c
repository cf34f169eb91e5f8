#include "supervisor/console/upstream/daemons.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/disk.h"
#include "common/base/log.h"
#include "common/json/file.h"

/* --- whose a workshop is --- */

bool
daemons_disputed(const struct link *link, const char *slug)
{
    const struct daemons *daemons = link->of;

    for (size_t i = 0; i < daemons->count; i++) {
        const struct link *other = &daemons->links[i];

        if (other != link && (!feed_known(other->feed) || feed_slug(other->feed, slug)))
            return true;
    }
    return false;
}

static bool
all_known(const struct daemons *daemons)
{
    for (size_t i = 0; i < daemons->count; i++)
        if (!feed_known(daemons->links[i].feed))
            return false;
    return true;
}

/* A name of one workshop leads to its slug, which must be unique too. */
enum owner
daemons_owner(struct daemons *daemons, const char *workshop, struct link **link, const char **slug)
{
    unsigned claims = 0;

    for (size_t i = daemons->count; i-- > 0;) {
        const char *own = feed_slug(daemons->links[i].feed, workshop);

        if (own) {
            claims++;
            *link = &daemons->links[i];
            *slug = own;
        }
    }
    if (daemons->count > 1 && !all_known(daemons))
        return OWNER_UNSURE;
    if (!claims)
        return OWNER_NONE;
    return claims > 1 || daemons_disputed(*link, *slug) ? OWNER_SEVERAL : OWNER_ONE;
}

struct link *
daemons_named(struct daemons *daemons, const char *name)
{
    for (size_t i = 0; i < daemons->count; i++)
        if (strcmp(daemons->links[i].socket->name, name) == 0)
            return &daemons->links[i];
    return NULL;
}

json_t *
daemons_away(const struct daemons *daemons)
{
    json_t *names = json_array();

    for (size_t i = 0; i < daemons->count; i++)
        if (!feed_is_up(daemons->links[i].feed))
            json_array_append_new(names, json_string(daemons->links[i].socket->name));
    return names;
}

/* --- what they have told --- */

static void
keep(struct daemons *daemons)
{
    json_t *known = json_object();
    struct err err;
    char *text;

    for (size_t i = 0; i < daemons->count; i++) {
        const json_t *told = feed_known(daemons->links[i].feed);

        if (told)
            json_object_set_new(known, daemons->links[i].socket->name, json_deep_copy(told));
    }
    text = json_equal(known, daemons->known) ? NULL : json_dumps(known, JSON_COMPACT);
    json_decref(daemons->known);
    daemons->known = known;
    if (text && disk_replace(daemons->path, text, strlen(text), &err))
        log_warning("cannot save which daemon has which workshop: %s", err.text);
    free(text);
}

/* {"north": {"bennys-auto": "bennys-auto", "Bennys Auto": "bennys-auto"}}, or NULL. */
static json_t *
read_known(const char *path)
{
    struct err err;
    json_t *known = json_file_read(path, &err), *told, *slug;
    const char *daemon, *name;

    json_object_foreach(known, daemon, told)
    {
        json_object_foreach(told, name, slug)
        {
            if (!json_is_string(slug)) {
                json_decref(known);
                return NULL;
            }
        }
    }
    return known;
}

/* --- events --- */

/* The object with our members behind those that the daemon chose; the caller frees it. */
static char *
with_daemon(const char *data, const char *name, bool disputed)
{
    const char *end = strrchr(data, '}');
    bool empty = !end || !memchr(data, ':', (size_t)(end - data));

    return mem_format("%.*s%s\"daemon\":\"%s\"%s}", end ? (int)(end - data) : 1, end ? data : "{",
                      empty ? "" : ",", name, disputed ? ",\"disputed\":true" : "");
}

static void
on_feed(const char *name, const char *slug, const char *data, void *arg)
{
    struct link *link = arg;
    struct daemons *daemons = link->of;
    bool several = daemons->count > 1;
    bool disputed = several && slug && daemons_disputed(link, slug);
    char *own = several ? with_daemon(data, link->socket->name, disputed) : NULL;

    if (strcmp(name, "known") != 0)
        daemons->on_event(name, slug, disputed, own ?: data, daemons->arg);
    else if (several)
        keep(daemons);
    free(own);
}

struct daemons *
daemons_open(struct event_base *base, const struct settings *settings, const char *path,
             void (*on_event)(const char *name, const char *slug, bool disputed, const char *data,
                              void *arg),
             void *arg)
{
    struct daemons *daemons = mem_alloc(sizeof *daemons);

    *daemons = (struct daemons){.count = settings->socket_count, .on_event = on_event, .arg = arg};
    daemons->path = mem_string(path);
    daemons->known = daemons->count > 1 ? read_known(path) : NULL;
    for (size_t i = 0; i < daemons->count; i++) {
        struct link *link = &daemons->links[i];
        const json_t *told = json_object_get(daemons->known, settings->sockets[i].name);

        *link = (struct link){.of = daemons, .socket = &settings->sockets[i]};
        link->feed =
            feed_open(base, link->socket->path, json_is_object(told) ? told : NULL, on_feed, link);
    }
    return daemons;
}

void
daemons_close(struct daemons *daemons)
{
    for (size_t i = 0; i < daemons->count; i++)
        feed_close(daemons->links[i].feed);
    json_decref(daemons->known);
    free(daemons->path);
    free(daemons);
}
