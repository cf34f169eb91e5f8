/* Files: reading other users' files, and writing outside the own folder. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/hostile/attempts.h"

static char path[4096];

static const char *
inside(const json_t *plan, const char *folder, const char *name)
{
    snprintf(path, sizeof path, "%s/%s", plan_text(plan, folder), name);
    return path;
}

static int
read_file(const char *file)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    char byte;

    return attempt_result(fd < 0 ? fd : (int)read(fd, &byte, 1));
}

static int
list_folder(const char *folder)
{
    return opendir(folder) ? 0 : errno;
}

static int
make_file(const char *file)
{
    return attempt_result(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

#define READS(function, member)                                                                    \
    static int function(const json_t *plan)                                                        \
    {                                                                                              \
        return read_file(plan_text(plan, member));                                                 \
    }
#define LISTS(function, member)                                                                    \
    static int function(const json_t *plan)                                                        \
    {                                                                                              \
        return list_folder(plan_text(plan, member));                                               \
    }
#define MAKES(function, member)                                                                    \
    static int function(const json_t *plan)                                                        \
    {                                                                                              \
        return make_file(inside(plan, member, "hostile"));                                         \
    }

READS(read_sibling_queue, "sibling_queue")
READS(read_sibling_lines, "sibling_line")
READS(read_sibling_config, "sibling_config")
READS(read_daemon_config, "daemon_config")
READS(read_master_key, "master_key")
READS(read_log, "log")
LISTS(list_sibling_folder, "sibling_folder")
LISTS(list_queues, "queues")
LISTS(list_workshops, "workshops")
MAKES(write_queues, "queues")
MAKES(write_state, "state")
MAKES(write_workshops, "workshops")
MAKES(write_sibling_folder, "sibling_folder")
MAKES(write_sibling_lines, "sibling_lines")
MAKES(write_elsewhere, "elsewhere")

static int
read_shadow(const json_t *plan)
{
    (void)plan;
    return read_file("/etc/shadow");
}

static int
read_passwd(const json_t *plan)
{
    (void)plan;
    return read_file("/etc/passwd");
}

static int
read_sibling_memory(const json_t *plan)
{
    snprintf(path, sizeof path, "/proc/%d/maps", plan_number(plan, "sibling_pid"));
    return read_file(path);
}

static int
read_supervisor_environment(const json_t *plan)
{
    snprintf(path, sizeof path, "/proc/%d/environ", plan_number(plan, "supervisor_pid"));
    return read_file(path);
}

static int
write_tmp(const json_t *plan)
{
    (void)plan;
    snprintf(path, sizeof path, "/tmp/pumpline-hostile-%d", getpid());
    return make_file(path) ?: attempt_result(unlink(path));
}

static int
overwrite_file(const json_t *plan)
{
    return attempt_result(open(inside(plan, "elsewhere", "file"), O_WRONLY | O_CLOEXEC));
}

static int
truncate_file(const json_t *plan)
{
    return attempt_result(truncate(inside(plan, "elsewhere", "file"), 0));
}

static int
chmod_file(const json_t *plan)
{
    return attempt_result(chmod(inside(plan, "elsewhere", "file"), 0666));
}

static int
make_folder(const json_t *plan)
{
    return attempt_result(mkdir(inside(plan, "elsewhere", "folder"), 0700));
}

static int
make_link(const json_t *plan)
{
    return attempt_result(symlink("/etc/shadow", inside(plan, "elsewhere", "link")));
}

static int
make_own_link(const json_t *plan)
{
    return attempt_result(symlink("/etc/shadow", inside(plan, "own_folder", "link")));
}

static int
make_device(const json_t *plan)
{
    return attempt_result(mknod(inside(plan, "own_folder", "fifo"), S_IFIFO | 0600, 0));
}

static int
rename_out(const json_t *plan)
{
    char from[4096];

    snprintf(from, sizeof from, "%s", inside(plan, "own_folder", "hostile.mine"));
    return make_file(from) ?: attempt_result(rename(from, inside(plan, "elsewhere", "renamed")));
}

static int
link_in(const json_t *plan)
{
    char from[4096];

    snprintf(from, sizeof from, "%s", inside(plan, "elsewhere", "file"));
    return attempt_result(link(from, inside(plan, "own_folder", "linked")));
}

static int
remove_file(const json_t *plan)
{
    return attempt_result(unlink(inside(plan, "elsewhere", "victim")));
}

static int
give_away(const json_t *plan)
{
    return attempt_result(chown(inside(plan, "own_folder", "hostile.json"), 0, 0));
}

static int
mount_over(const json_t *plan)
{
    const char *folder = plan_text(plan, "elsewhere");

    return attempt_result(mount("tmpfs", folder, "tmpfs", 0, NULL))
               ?: attempt_result(umount2(folder, MNT_DETACH));
}

static int
change_root(const json_t *plan)
{
    return attempt_result(chroot(plan_text(plan, "own_folder")));
}

/* These must succeed. */
static int
write_own_folder(const json_t *plan)
{
    return make_file(inside(plan, "own_folder", "allowed"));
}

const struct attempt file_attempts[] = {
    {"allowed_own_folder", write_own_folder},
    {"read_sibling_queue", read_sibling_queue},
    {"read_sibling_lines", read_sibling_lines},
    {"read_sibling_config", read_sibling_config},
    {"read_sibling_memory", read_sibling_memory},
    {"read_daemon_config", read_daemon_config},
    {"read_master_key", read_master_key},
    {"read_shadow", read_shadow},
    {"read_passwd", read_passwd},
    {"read_log", read_log},
    {"read_supervisor_environment", read_supervisor_environment},
    {"list_sibling_folder", list_sibling_folder},
    {"list_queues", list_queues},
    {"list_workshops", list_workshops},
    {"write_state", write_state},
    {"write_queues", write_queues},
    {"write_workshops", write_workshops},
    {"write_sibling_folder", write_sibling_folder},
    {"write_sibling_lines", write_sibling_lines},
    {"write_elsewhere", write_elsewhere},
    {"write_tmp", write_tmp},
    {"overwrite_file", overwrite_file},
    {"truncate_file", truncate_file},
    {"chmod_file", chmod_file},
    {"make_folder", make_folder},
    {"make_link", make_link},
    {"make_own_link", make_own_link},
    {"make_device", make_device},
    {"rename_out", rename_out},
    {"link_in", link_in},
    {"remove_file", remove_file},
    {"give_away", give_away},
    {"mount_over", mount_over},
    {"change_root", change_root},
};
const size_t file_attempt_count = sizeof file_attempts / sizeof *file_attempts;
