/* The copy of a queue: made by its process, or, if it has none, of the file at rest. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/owner.h"
#include "supervisor/ctl/copies/backup.h"
#include "supervisor/ctl/net/client.h"
#include "supervisor/ctl/term/text.h"

#define TRIES 60
#define SETTLE_MS 1000 /* well above the resolution of a file's time */

enum copied { COPIED, COPY_AGAIN, COPY_FAILED };

/* By the running process. COPY_AGAIN: there is none. */
static enum copied
copy_live(struct ctl *ctl, const char *slug, const char *queue, const char *target,
          char hash[COPY_HASH_BYTES])
{
    char *path = mem_format("/workshops/%s/backup", slug);
    json_t *reply = NULL;
    int status = client_call(ctl->client, "PUT", path, NULL, &reply);
    enum copied result = COPY_FAILED;

    free(path);
    if (status == 200)
        result = backup_fetch(queue, reply, target, hash) ? COPY_FAILED : COPIED;
    else if (status == 404 || status == 503)
        result = COPY_AGAIN;
    else if (status < 0)
        text_complain("pumplined is running, but %s", client_error(ctl->client));
    else
        ctl_refused(ctl, status, json_incref(reply));
    json_decref(reply);
    return result;
}

static int64_t
changed_ms(const struct stat *file)
{
    return (int64_t)file->st_mtim.tv_sec * 1000 + file->st_mtim.tv_nsec / 1000000;
}

static bool
is_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Every write to the file changes its time: one that stayed the same was copied in one state. */
static enum copied
copy_unchanged(int fd, const char *target, char hash[COPY_HASH_BYTES])
{
    struct stat before, after;
    int64_t age_ms;

    if (fstat(fd, &before))
        return COPY_FAILED;
    age_ms = clock_wall_ms() - changed_ms(&before);
    if (age_ms >= 0 && age_ms < SETTLE_MS)
        return COPY_AGAIN;
    if (copy_bytes(fd, target, hash) || fstat(fd, &after))
        return COPY_FAILED;
    if (is_same(&before, &after))
        return COPIED;
    unlink(target);
    return COPY_AGAIN;
}

static enum copied
copy_at_rest(const char *queue, const char *target, char hash[COPY_HASH_BYTES])
{
    struct stat owned;
    int folder = owner_open_folder(queue, &owned);
    int fd = folder < 0 ? -1 : owner_open_lone(owned.st_uid, folder, "data.mdb");
    enum copied result = COPY_FAILED;

    if (fd >= 0)
        result = copy_unchanged(fd, target, hash);
    else
        text_complain("%s/data.mdb: %s", queue,
                      errno == EPERM ? "not a regular file of the queue's user" : strerror(errno));
    if (fd >= 0)
        close(fd);
    if (folder >= 0)
        close(folder);
    return result;
}

/* A process may start or end meanwhile. */
static int
copy_either(struct ctl *ctl, const struct site *site, const char *slug, const char *target,
            char hash[COPY_HASH_BYTES])
{
    const struct timespec pause = {0, 100000000};
    char *queue = site_queue(site, slug);
    enum copied copied = COPY_AGAIN;

    for (int i = 0; i < TRIES && copied == COPY_AGAIN; i++) {
        if (i)
            nanosleep(&pause, NULL);
        if (site_runs(site))
            copied = copy_live(ctl, slug, queue, target, hash);
        if (copied == COPY_AGAIN)
            copied = copy_at_rest(queue, target, hash);
    }
    if (copied == COPY_AGAIN)
        text_complain("%s: its queue keeps changing, and no process copies it", slug);
    free(queue);
    return copied == COPIED ? 0 : -1;
}

int
backup_queue(struct ctl *ctl, const struct site *site, json_t *manifest, const char *slug,
             const char *folder)
{
    char hash[COPY_HASH_BYTES], *name = mem_format("queues/%s.mdb", slug);
    char *target = mem_format("%s/%s", folder, name);
    char *data = mem_format("%s/queues/%s/data.mdb", site->config.state_dir, slug);
    struct stat status;
    int result = 0;

    if (stat(data, &status) == 0 || errno != ENOENT)
        result = copy_either(ctl, site, slug, target, hash);
    else
        *hash = '\0';
    if (result == 0 && *hash)
        manifest_add(manifest, name, hash);
    free(data);
    free(target);
    free(name);
    return result;
}
