/* pumplinectl backup: the worker copies its queue beside it, and this moves the copy to where it is
 * wanted. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/text.h"

static int
copy_bytes(int from, int to)
{
    char room[65536];
    ssize_t got;

    while ((got = read(from, room, sizeof room)) > 0)
        for (ssize_t done = 0, written; done < got; done += written)
            if ((written = write(to, room + done, (size_t)(got - done))) < 0)
                return -1;
    return got < 0 || fsync(to) ? -1 : 0;
}

static int
move_file(const char *source, const char *target)
{
    int from = open(source, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), to = -1, result = -1;

    if (from < 0)
        fprintf(stderr, "pumplinectl: %s: %s\n", source, strerror(errno));
    else if ((to = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0)
        fprintf(stderr, "pumplinectl: %s: %s\n", target, strerror(errno));
    else if (copy_bytes(from, to))
        fprintf(stderr, "pumplinectl: %s can't be copied to %s: %s\n", source, target,
                strerror(errno));
    else
        result = 0;
    if (to >= 0 && (close(to) || result))
        result = -1;
    if (to >= 0 && result)
        unlink(target);
    if (from >= 0) {
        close(from);
        unlink(source);
    }
    return result;
}

static void
print_backup(const struct ctl *ctl, const json_t *reply)
{
    text_say("%s: the queue was copied to %s", ctl_workshop(ctl, reply), ctl->args[1]);
}

int
command_backup(struct ctl *ctl)
{
    json_t *reply;
    const char *source;
    int status;

    if (access(ctl->args[1], F_OK) == 0) {
        fprintf(stderr, "pumplinectl: %s is there already\n", ctl->args[1]);
        return CTL_USAGE;
    }
    status = ctl_call(ctl, "PUT", ctl_path(ctl, "backup"), NULL, &reply);
    if (status != CTL_OK)
        return status;
    source = json_string_value(json_object_get(reply, "file"));
    if (!source || move_file(source, ctl->args[1])) {
        json_decref(reply);
        return CTL_REFUSED;
    }
    json_object_set_new(reply, "file", json_string(ctl->args[1]));
    ctl_show(ctl, reply, print_backup);
    return CTL_OK;
}
