/* pumplinectl backup: the worker copies its queue inside the queue's folder, and this moves the
 * copy to its destination.
 *
 * The worker returns a name, not a path; the daemon returns the folder, and only a plain file of
 * the folder's owner is opened there: a compromised worker can have nothing else copied or removed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/owner.h"
#include "supervisor/ctl/copies/backup.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/term/text.h"

/* backup-NUMBER.mdb, as the worker names its copies. */
static bool
is_backup(const char *name)
{
    size_t digits;

    if (!name || strncmp(name, "backup-", 7))
        return false;
    digits = strspn(name + 7, "0123456789");
    return digits && strcmp(name + 7 + digits, ".mdb") == 0;
}

/* hash: NULL, or of what was copied. */
static int
move_file(const char *path, const char *name, const char *target, char hash[COPY_HASH_BYTES])
{
    struct stat owned;
    int folder = owner_open_folder(path, &owned), result = -1;
    int from = folder < 0 ? -1 : owner_open_lone(owned.st_uid, folder, name);

    if (folder < 0)
        text_complain("%s: %s", path, strerror(errno));
    else if (from < 0 && errno == EPERM)
        text_complain("%s/%s is not a regular file of the queue's user", path, name);
    else if (from < 0)
        text_complain("%s/%s: %s", path, name, strerror(errno));
    else
        result = copy_bytes(from, target, hash);
    if (from >= 0) {
        close(from);
        unlinkat(folder, name, 0);
    }
    if (folder >= 0)
        close(folder);
    return result;
}

static void
print_backup(const struct ctl *ctl, const json_t *reply)
{
    text_say("%s: copied the queue to %s", ctl_workshop(ctl, reply), ctl->args[1]);
}

int
backup_fetch(const char *folder, const json_t *reply, const char *target,
             char hash[COPY_HASH_BYTES])
{
    const char *name = json_string_value(json_object_get(reply, "file"));

    if (folder && is_backup(name))
        return move_file(folder, name, target, hash);
    text_complain("invalid reply: the workshop's process did not name its backup file");
    return -1;
}

int
backup_one(struct ctl *ctl)
{
    json_t *workshop, *reply = NULL;
    char hash[COPY_HASH_BYTES];
    int status;

    if (access(ctl->args[1], F_OK) == 0) {
        text_complain("%s already exists", ctl->args[1]);
        return CTL_USAGE;
    }
    status = ctl_call(ctl, "GET", ctl_path(ctl, NULL), NULL, &workshop);
    if (status != CTL_OK)
        return status;
    status = ctl_call(ctl, "PUT", ctl_path(ctl, "backup"), NULL, &reply);
    if (status == CTL_OK &&
        backup_fetch(json_string_value(json_object_get(workshop, "queue_folder")), reply,
                     ctl->args[1], hash))
        status = CTL_REFUSED;
    json_decref(workshop);
    if (status != CTL_OK) {
        json_decref(reply);
        return status;
    }
    json_object_set_new(reply, "file", json_string(ctl->args[1]));
    ctl_show(ctl, reply, print_backup);
    return CTL_OK;
}
