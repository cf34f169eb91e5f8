#include "supervisor/system/disk_wait.h"

#include <stdio.h>
#include <string.h>

bool
disk_wait(pid_t pid)
{
    char path[40], line[256];
    const char *name_end = NULL;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    file = fopen(path, "re");
    if (!file)
        return false;
    if (fgets(line, sizeof line, file))
        name_end = strrchr(line, ')'); /* the name may contain anything */
    fclose(file);
    return name_end && strncmp(name_end, ") D", 3) == 0;
}
