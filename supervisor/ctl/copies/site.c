#include "supervisor/ctl/copies/site.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/disk.h"
#include "common/base/owner.h"
#include "common/base/secret.h"
#include "common/config/key_file.h"
#include "supervisor/ctl/net/client.h"
#include "supervisor/ctl/term/text.h"

#define LOCK_TRIES 600 /* a minute */

/* The daemon holds this lock as long as it lives. 0, or -1 with errno. */
static int
take_lock(struct site *site)
{
    char *path = mem_format("%s/pumplined.lock", site->config.state_dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int result = fd < 0 || site_give(site, path) ? -1 : 0;

    free(path);
    if (result == 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        site->lock = fd;
        return 0;
    }
    if (fd >= 0)
        close(fd);
    return result == 0 && errno == EWOULDBLOCK ? 0 : -1;
}

static int
open_state(struct site *site, struct err *err)
{
    char *queues = mem_format("%s/queues", site->config.state_dir);
    struct stat status;
    int result = disk_make_folder(site->config.state_dir, 0711, err);

    if (result == 0 && stat(site->config.state_dir, &status))
        result = err_errno(err, "storage", "%s", site->config.state_dir);
    if (result == 0) {
        site->uid = status.st_uid;
        site->gid = status.st_gid;
        result = disk_make_folder(queues, 0711, err);
    }
    if (result == 0 && (site_give(site, queues) || take_lock(site)))
        result =
            err_errno(err, "storage", "cannot use %s: run this as root or as the daemon's user",
                      site->config.state_dir);
    free(queues);
    return result;
}

/* The daemon of this configuration, unless another one is named. */
static void
point_client(struct ctl *ctl, const struct site *site)
{
    static char path[sizeof site->config.control_socket]; /* as long as the client lives */
    const char *named = getenv("PUMPLINE_SOCKET");

    if (ctl->options[OPTION_SOCKET] || (named && *named))
        return;
    text_copy(path, sizeof path, site->config.control_socket);
    client_close(ctl->client);
    ctl->client = client_open(path);
}

int
site_open(struct ctl *ctl, struct site *site)
{
    struct err err;

    *site = (struct site){.file = ctl_config(ctl), .lock = -1};
    if (!site->file)
        return CTL_USAGE;
    if (config_paths(site->file, &site->config, &err) || open_state(site, &err)) {
        text_complain("%s", err.text);
        return CTL_USAGE;
    }
    point_client(ctl, site);
    return CTL_OK;
}

void
site_close(struct site *site)
{
    if (site->lock >= 0)
        close(site->lock);
}

char *
site_queue(const struct site *site, const char *slug)
{
    return mem_format("%s/queues/%s", site->config.state_dir, slug);
}

char *
site_file(const struct site *site, const char *slug)
{
    return mem_format("%s/%s.json", site->config.workshops_dir, slug);
}

int
site_give(const struct site *site, const char *path)
{
    return geteuid() == 0 ? lchown(path, site->uid, site->gid) : 0;
}

/* 1: another process holds it. */
static int
try_lock(const char *queue, int *lock)
{
    struct stat owned;
    int folder = owner_open_folder(queue, &owned), number;

    *lock = folder < 0 ? -1 : owner_open(owned.st_uid, folder, "worker.lock", O_RDONLY);
    number = errno;
    if (folder >= 0)
        close(folder);
    errno = number;
    if (*lock < 0)
        return errno == ENOENT ? 0 : -1;
    if (flock(*lock, LOCK_EX | LOCK_NB) == 0)
        return 0;
    number = errno;
    close(*lock);
    errno = number;
    return errno == EWOULDBLOCK ? 1 : -1;
}

int
site_lock_queue(const struct site *site, const char *slug, int *lock)
{
    const struct timespec pause = {0, 100000000};
    char *queue = site_queue(site, slug);
    int result = try_lock(queue, lock);

    for (int i = 0; result > 0 && i < LOCK_TRIES; i++) {
        nanosleep(&pause, NULL);
        result = try_lock(queue, lock);
    }
    if (result > 0)
        text_complain("a process still uses %s: stop it, then repeat the command", queue);
    else if (result < 0)
        text_complain("%s: %s", queue, strerror(errno));
    free(queue);
    return result ? -1 : 0;
}

static void
add_key(json_t *list, const unsigned char *key)
{
    char text[SECRET_HASH_TEXT_BYTES];

    if (!key)
        return;
    key_file_fingerprint(key, text);
    json_array_append_new(list, json_string(text));
}

json_t *
site_keys(const struct site *site, bool complain)
{
    struct master_keys keys = {0};
    struct err err;
    json_t *list = json_array();

    if (key_file_load(site->config.key_file, false, &keys, &err) == 0) {
        add_key(list, keys.key);
        add_key(list, keys.old);
    } else if (complain) {
        text_complain("%s", err.text);
    }
    master_keys_clear(&keys);
    return list;
}

int
site_view(struct ctl *ctl, const char *slug, json_t **view)
{
    char *path = mem_format("/workshops/%s", slug);
    int status = client_call(ctl->client, "GET", path, NULL, view);

    free(path);
    if (status == 200)
        return CTL_OK;
    if (status < 0) {
        text_complain("pumplined is running, but %s", client_error(ctl->client));
        return CTL_UNREACHED;
    }
    if (status == 404) {
        json_decref(*view);
        *view = NULL;
        return CTL_OK;
    }
    return ctl_refused(ctl, status, *view);
}
