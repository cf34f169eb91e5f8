/* The commands logs and audit. logs runs the programs that everybody knows on the right files. The
 * daemon names them; a worker could name any. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/err.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/net/client.h"
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

/* ---- audit ---- */

enum { AUDIT_TIME, AUDIT_BY, AUDIT_FROM, AUDIT_WORKSHOP, AUDIT_WHAT, AUDIT_RESULT, AUDIT_COLUMNS };

static const struct column audit_columns[AUDIT_COLUMNS] = {
    [AUDIT_TIME] = {.title = "TIME", .below = 2},
    [AUDIT_BY] = {.title = "BY"},
    [AUDIT_FROM] = {.title = "FROM", .below = 3},
    [AUDIT_WORKSHOP] = {.title = "WORKSHOP", .optional = true, .below = 4},
    [AUDIT_WHAT] = {.title = "WHAT", .below = 1},
    [AUDIT_RESULT] = {.title = "RESULT"},
};

/* "port 10.0.0.5", "console as www-data". */
static void
put_from(struct table *table, const json_t *entry)
{
    const char *from = json_string_value(json_object_get(entry, "from")) ?: "-";
    const char *user = json_string_value(json_object_get(entry, "user"));
    const char *address = json_string_value(json_object_get(entry, "address"));
    bool console = strcmp(from, "console") == 0 && user;

    table_cell(table, AUDIT_FROM, COLOUR_NONE, "%s%s%s", from,
               console   ? " as "
               : address ? " "
                         : "",
               console ? user : address ?: "");
}

static void
put_result(struct table *table, const json_t *entry)
{
    long long status = ctl_number(entry, "status");
    const char *code = json_string_value(json_object_get(entry, "code"));

    table_cell(table, AUDIT_RESULT, status < 400 ? COLOUR_GOOD : COLOUR_BAD, "%lld%s%s", status,
               code ? " " : "", code ?: "");
}

static void
print_audit(const struct ctl *ctl, const json_t *reply)
{
    const json_t *entries = json_object_get(reply, "entries"), *entry;
    struct table *table = table_new(audit_columns, AUDIT_COLUMNS);
    size_t i;

    json_array_foreach(entries, i, entry)
    {
        table_row(table);
        table_time(table, AUDIT_TIME, json_object_get(entry, "at"));
        table_json(table, AUDIT_BY, COLOUR_NONE,
                   json_object_get(json_object_get(entry, "by"), "who"));
        put_from(table, entry);
        table_json(table, AUDIT_WORKSHOP, COLOUR_NONE, json_object_get(entry, "slug"));
        table_json(table, AUDIT_WHAT, COLOUR_NONE, json_object_get(entry, "what"));
        put_result(table, entry);
    }
    if (json_array_size(entries))
        table_print(table, &ctl->screen);
    else
        text_say("no changes found");
    table_free(table);
}

/* "&NAME=VALUE" appended to path, which is replaced; value NULL: nothing. */
static void
add_parameter(char **path, const char *name, const char *value)
{
    char *encoded = value ? client_encode(value) : NULL;
    char *longer = value ? mem_format("%s&%s=%s", *path, name, encoded) : mem_string(*path);

    free(*path);
    free(encoded);
    *path = longer;
}

int
command_audit(struct ctl *ctl)
{
    const char *limit = ctl->options[OPTION_LIMIT] ?: "50";
    char *path = mem_format("/audit?limit=%s", strtoul(limit, NULL, 10) > 1000 ? "1000" : limit);

    add_parameter(&path, "workshop", ctl->args_count ? ctl->args[0] : NULL);
    add_parameter(&path, "by", ctl->options[OPTION_BY]);
    add_parameter(&path, "from", ctl->options[OPTION_FROM]);
    add_parameter(&path, "to", ctl->options[OPTION_TO]);
    return ctl_run(ctl, "GET", path, NULL, print_audit);
}
