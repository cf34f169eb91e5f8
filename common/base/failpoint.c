#include "common/base/failpoint.h"

#ifdef PUMPLINE_FAULTS

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/err.h"

static char *plan; /* NUL-terminated */

static const struct {
    const char *name;
    int number;
} actions[] = {{"kill", 0}, {"ENOSPC", ENOSPC}, {"EIO", EIO}, {"EMFILE", EMFILE}, {"on", EINTR}};

void
failpoint_open(const char *folder, const char *name)
{
    char *path = mem_format("%s/%s.faults", folder, name);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct stat file;

    free(path);
    if (fd < 0)
        return;
    if (fstat(fd, &file) == 0 && file.st_size)
        plan = mmap(NULL, (size_t)file.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (plan == MAP_FAILED || (plan && plan[file.st_size - 1]))
        die_abort("a failpoint plan must end with NUL");
}

/* The text after `name ` at the start of a line, searched from `line` on; NULL if there is none. */
static char *
plan_find(char *line, const char *name)
{
    size_t length = strlen(name);

    while (line && (strncmp(line, name, length) || line[length] != ' ')) {
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return line ? line + length + 1 : NULL;
}

/* Whether this pass is the one that the fault was planned for; if not, counts it down. */
static bool
pass_is_due(char *after)
{
    char *digit = strchr(after, ' ');

    if (strncmp(after, "always ", 7) == 0)
        return true;
    while (digit > after && *--digit == '0')
        ;
    if (*digit == '0')
        return true;
    for (--*digit++; *digit == '0'; digit++)
        *digit = '9';
    return false;
}

static int
act(const char *action)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (strncmp(action, actions[i].name, strlen(actions[i].name)) == 0) {
            if (!actions[i].number)
                kill(getpid(), SIGKILL);
            return errno = actions[i].number;
        }
    die_abort("unknown action in a failpoint plan: %.16s", action);
}

int
failpoint(const char *name)
{
    for (char *after = plan_find(plan, name); after; after = plan_find(after, name)) {
        if (!pass_is_due(after))
            continue;
        if (*after != 'a')
            after[-(ptrdiff_t)strlen(name) - 1] = '#';
        return act(strchr(after, ' ') + 1);
    }
    return 0;
}

void
failpoint_here(const char *name)
{
    failpoint(name);
}

int64_t
failpoint_clock_ms(void)
{
    const char *offset = plan_find(plan, "clock");

    return offset ? strtoll(offset, NULL, 10) : 0;
}

#endif
