/* pumplinectl backup: the worker copies its queue inside the queue's folder, and this moves the
 * copy to its destination.
 *
 * The worker returns a name, not a path; the daemon returns the folder, and only a plain file of
 * the folder's owner is opened there: a compromised worker can have nothing else copied or removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/owner.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/term/text.h"

static int
copy_bytes(int from, int to)
{
    char buffer[65536];
    ssize_t got;

    while ((got = read(from, buffer, sizeof buffer)) > 0)
        for (ssize_t done = 0, written; done < got; done += written)
            if ((written = write(to, buffer + done, (size_t)(got - done))) < 0)
                return -1;
    return got < 0 || fsync(to) ? -1 : 0;
}

static int
copy_to(int from, const char *target)
{
    int to = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), result = -1;

    if (to < 0) {
        text_complain("%s: %s", target, strerror(errno));
        return -1;
    }
    if (copy_bytes(from, to))
        text_complain("cannot copy the queue to %s: %s", target, strerror(errno));
    else
        result = 0;
    if (close(to))
        result = -1;
    if (result)
        unlink(target);
    return result;
}

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

static int
move_file(const char *path, const char *name, const char *target)
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
        result = copy_to(from, target);
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

static int
fetch(const json_t *workshop, const json_t *reply, const char *target)
{
    const char *folder = json_string_value(json_object_get(workshop, "queue_folder"));
    const char *name = json_string_value(json_object_get(reply, "file"));

    if (folder && is_backup(name))
        return move_file(folder, name, target);
    text_complain("invalid reply: the workshop's process did not name its backup file");
    return -1;
}

int
command_backup(struct ctl *ctl)
{
    json_t *workshop, *reply = NULL;
    int status;

    if (access(ctl->args[1], F_OK) == 0) {
        text_complain("%s already exists", ctl->args[1]);
        return CTL_USAGE;
    }
    status = ctl_call(ctl, "GET", ctl_path(ctl, NULL), NULL, &workshop);
    if (status != CTL_OK)
        return status;
    status = ctl_call(ctl, "PUT", ctl_path(ctl, "backup"), NULL, &reply);
    if (status == CTL_OK && fetch(workshop, reply, ctl->args[1]))
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
