/* Assigns users to workshops. */
#include "common/config/uids.h"

#include <dirent.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder in queues/, or one that is about to be created. */
struct holding {
    char *name;
    uid_t uid;
};

struct uids {
    struct holding *items;
    size_t count;
};

static void
add(struct uids *uids, const char *name, uid_t uid)
{
    uids->items = mem_resize(uids->items, (uids->count + 1) * sizeof *uids->items);
    uids->items[uids->count++] = (struct holding){mem_string(name), uid};
}

static int
no_dots(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
}

/* Adds the owner of each FOLDER/ENTRY, or of the given name inside it. */
static void
add_owners(struct uids *uids, const char *folder, const char *inside, const char *prefix)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, no_dots, alphasort);

    for (int i = 0; i < count; i++) {
        char *path = mem_format("%s/%s%s", folder, entries[i]->d_name, inside);
        char *name = mem_format("%s%s", prefix, entries[i]->d_name);
        struct stat owned;

        if (lstat(path, &owned) == 0)
            add(uids, name, owned.st_uid);
        free(name);
        free(path);
        free(entries[i]);
    }
    free(entries);
}

struct uids *
uids_new(const char *state_dir)
{
    struct uids *uids = mem_alloc(sizeof *uids);
    char *queues = mem_format("%s/queues", state_dir);
    char *removed = mem_format("%s/removed", state_dir);

    add_owners(uids, queues, "", "");
    add_owners(uids, removed, "/queue", "removed/"); /* no slug contains a slash */
    free(removed);
    free(queues);
    return uids;
}

void
uids_free(struct uids *uids)
{
    for (size_t i = 0; i < uids->count; i++)
        free(uids->items[i].name);
    free(uids->items);
    free(uids);
}

static bool
held_by_another(const struct uids *uids, const char *slug, uid_t uid)
{
    for (size_t i = 0; i < uids->count; i++)
        if (uids->items[i].uid == uid && strcmp(uids->items[i].name, slug))
            return true;
    return false;
}

static struct holding *
find(const struct uids *uids, const char *slug)
{
    for (size_t i = 0; i < uids->count; i++)
        if (strcmp(uids->items[i].name, slug) == 0)
            return &uids->items[i];
    return NULL;
}

static bool
in_range(const struct daemon_config *config, uid_t uid)
{
    return uid >= config->uid_first && uid - config->uid_first < config->uid_count;
}

/* A user that exists in the system belongs to someone else. */
static bool
is_free(const struct uids *uids, const char *slug, uid_t uid)
{
    return !held_by_another(uids, slug, uid) && !getpwuid(uid);
}

static int
take_of_range(struct uids *uids, const struct daemon_config *config, const char *slug, uid_t *uid,
              struct err *err)
{
    struct holding *own = find(uids, slug);

    if (own && in_range(config, own->uid) && !held_by_another(uids, slug, own->uid)) {
        *uid = own->uid;
        return 0;
    }
    for (uint32_t i = 0; i < config->uid_count; i++)
        if (is_free(uids, slug, config->uid_first + i)) {
            *uid = config->uid_first + i;
            return 0;
        }
    return err_set(err, "config",
                   "all %u users of worker_uids are in use: none is left for %s; enlarge the range "
                   "in pumpline.json",
                   config->uid_count, slug);
}

static int
take_named(const struct workshop_config *workshop, uid_t *uid, gid_t *gid, struct err *err)
{
    const struct passwd *user = getpwnam(workshop->user);

    if (!user)
        return err_set(err, "config", "user %s does not exist", workshop->user);
    if (!user->pw_uid || !user->pw_gid)
        return err_set(err, "config", "user %s must not be root or in root's group",
                       workshop->user);
    *uid = user->pw_uid;
    *gid = user->pw_gid;
    return 0;
}

int
uids_take(struct uids *uids, const struct daemon_config *config,
          const struct workshop_config *workshop, uid_t *uid, gid_t *gid, struct err *err)
{
    struct holding *own;

    *uid = *gid = 0;
    if (geteuid())
        return 0;
    if (workshop->user) {
        if (take_named(workshop, uid, gid, err))
            return -1;
    } else {
        if (take_of_range(uids, config, workshop->slug, uid, err))
            return -1;
        *gid = *uid;
    }
    own = find(uids, workshop->slug);
    if (own)
        own->uid = *uid;
    else
        add(uids, workshop->slug, *uid);
    return 0;
}

static void
tell(json_t *slice, uid_t uid, gid_t gid)
{
    json_object_set_new(slice, "uid", json_integer(uid));
    json_object_set_new(slice, "gid", json_integer(gid));
}

void
uids_tell(struct uids *uids, const struct daemon_config *config,
          const struct workshop_config *workshop, json_t *slice)
{
    struct err err;
    uid_t uid;
    gid_t gid;

    if (uids_take(uids, config, workshop, &uid, &gid, &err))
        json_object_set_new(slice, "refuse", json_string(err.text));
    else if (uid)
        tell(slice, uid, gid);
}

void
uids_tell_owner(struct uids *uids, const struct daemon_config *config,
                const struct workshop_config *workshop, const char *queue, json_t *slice)
{
    struct stat owned;

    if (geteuid() == 0 && lstat(queue, &owned) == 0 && owned.st_uid)
        tell(slice, owned.st_uid, owned.st_gid ? owned.st_gid : owned.st_uid);
    else
        uids_tell(uids, config, workshop, slice);
}
