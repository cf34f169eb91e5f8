#include "supervisor/system/disk_wait.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* folder: /proc/PID/task. */
static bool
thread_waits(int folder, const char *thread)
{
    char path[40], text[256] = "";
    const char *name_end;
    int fd;

    snprintf(path, sizeof path, "%.20s/stat", thread);
    fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    if (read(fd, text, sizeof text - 1) < 0)
        *text = '\0';
    close(fd);
    name_end = strrchr(text, ')'); /* the name may contain anything */
    return name_end && strncmp(name_end, ") D", 3) == 0;
}

bool
disk_wait(pid_t pid)
{
    char path[40];
    const struct dirent *entry;
    bool waits = false;
    DIR *threads;

    snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
    threads = opendir(path);
    while (threads && !waits && (entry = readdir(threads)))
        waits = *entry->d_name != '.' && thread_waits(dirfd(threads), entry->d_name);
    if (threads)
        closedir(threads);
    return waits;
}
