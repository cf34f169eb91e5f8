/* The command logs: the programs that everybody knows, on the right files. The daemon names them; a
 * worker could name any. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/err.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/term/text.h"

enum { ARGV_MAX = 12 };

/* Becomes the program; returns only on failure. */
static int
become(char *const argv[])
{
    fflush(stdout);
    execvp(argv[0], argv);
    text_complain("cannot run %s: %s", argv[0], strerror(errno));
    return CTL_USAGE;
}

static int
follow_files(const struct ctl *ctl, const json_t *files, const char *lines)
{
    char *argv[ARGV_MAX] = {"tail", "-n", (char *)lines};
    size_t used = 3, i;
    json_t *file;

    if (ctl->options[OPTION_FOLLOW])
        argv[used++] = "-F"; /* by name: logrotate renames them */
    argv[used++] = "--";
    json_array_foreach(files, i, file)
    {
        if (json_is_string(file) && used < ARGV_MAX - 1)
            argv[used++] = (char *)json_string_value(file);
    }
    return become(argv);
}

/* Without log files, each line is in the journal, after the workshop's name. */
static int
follow_journal(const struct ctl *ctl, const json_t *workshop, const char *lines)
{
    char *pattern = mem_format("--grep=^\\Q%s\\E: ", ctl_workshop(ctl, workshop));
    char *argv[ARGV_MAX] = {"journalctl",   "--identifier=pumplined",
                            "--output=cat", "--case-sensitive=yes",
                            pattern,        "-n",
                            (char *)lines};

    if (ctl->options[OPTION_FOLLOW])
        argv[7] = "-f";
    int result = become(argv);

    free(pattern);
    return result;
}

int
command_logs(struct ctl *ctl)
{
    const char *lines = ctl->options[OPTION_LIMIT] ?: "50";
    json_t *workshop;
    int result = ctl_call(ctl, "GET", ctl_path(ctl, NULL), NULL, &workshop);

    if (result != CTL_OK)
        return result;
    const json_t *files = json_object_get(workshop, "log_files");

    result = json_array_size(files) ? follow_files(ctl, files, lines)
                                    : follow_journal(ctl, workshop, lines);
    json_decref(workshop);
    return result;
}
