/* The structure of one run of pumplinectl: the parsed command line (struct ctl), the commands
 * (struct command), and the calls that every command is built from. To add a command, add one row
 * in tables/ and, if command_put() is not enough, one function. */
#ifndef SUPERVISOR_CTL_CTL_H
#define SUPERVISOR_CTL_CTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/ctl/term/table.h"

#define CTL_DEFAULT_SOCKET "/run/pumpline/control.sock"

/* Exit statuses; scripts rely on them. */
enum ctl_exit {
    CTL_OK = 0,
    CTL_REFUSED = 1,   /* the daemon answered 4xx or 5xx, or stdout could not be written */
    CTL_USAGE = 2,     /* the command line, or a file it names, gives no valid request */
    CTL_UNREACHED = 3, /* no daemon, or no valid answer */
};

enum ctl_option {
    OPTION_SOCKET,
    OPTION_JSON,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_LIMIT,
    OPTION_WORKSHEET,
    OPTION_PRODUCT,
    OPTION_AMOUNT,
    OPTION_ID,
    OPTION_USERNAME,
    OPTION_PASSWORD_FILE,
    OPTION_PASSWORD, /* only known so that it can be refused without echoing its value */
    OPTION_HISTORY,
    OPTION_NOTE,
    OPTION_WATCH,
    OPTION_SLUG,
    OPTION_FORCE,
    OPTION_CONFIG,
    OPTION_FILE,
    OPTION_SCOPE,
    OPTION_NAME,
    OPTION_WORKSHOP,
    OPTION_ORDER,
    OPTION_UNTIL,
    OPTION_SHOW,
    OPTION_FOLDER,
    OPTION_RECORD,
    OPTION_YES,
    OPTION_FOLLOW,
    OPTION_DRY_RUN,
    OPTION_BY,
    OPTION_FROM,
    OPTION_TO,
    OPTION_ROLE,
    OPTION_AT,
    OPTION_ACCOUNTS,
    OPTION_ALL,
    OPTION_REASON,
    OPTION_STATUS,
    OPTION_ATTENTION,
    OPTION_SEARCH,
    OPTION_CSV,
    OPTION_CONFIRM,
    OPTION_KEEP,
    OPTION_CALLBACK,
    OPTION_COMMANDS, /* for programs: help_list() */
    OPTION_COUNT,
};

#define OPTION_BIT(option) (UINT64_C(1) << (option))
#define OPTIONS_GLOBAL                                                                             \
    (OPTION_BIT(OPTION_SOCKET) | OPTION_BIT(OPTION_JSON) | OPTION_BIT(OPTION_HELP) |               \
     OPTION_BIT(OPTION_VERSION))

struct option_def {
    const char *name;
    const char *value; /* the argument's name in the help; NULL for a flag */
    const char *help;  /* NULL: not shown */
};

/* args_max of a command that takes any number of them. */
#define CTL_ARGS_MANY ((size_t)-1)

struct ctl {
    const struct command *command;
    const char **args; /* borrowed from argv */
    size_t args_count;
    const char *options[OPTION_COUNT]; /* borrowed; NULL if not given, "" for a flag */
    struct client *client;             /* owned by main() */
    struct screen screen;
    json_t *results; /* ctl_each(): of several workshops, what --json prints; else NULL */
};

/* The parameters of command_put(): PUT /workshops/{w}/ACTION and the message about its result. */
struct put {
    const char *action;
    const char *done;
    const char *other; /* said instead of done if the reply's was_running (or the member was) … */
    bool other_if;     /* … has this value; the action changed nothing, or more than requested */
    const char *was;
};

struct command {
    const char *name;  /* one word, or two separated by a space */
    const char *usage; /* what follows the name: arguments, then options */
    const char *summary;
    const char *about; /* further text, if the summary is not enough; may be NULL */
    const char *example;
    const char *ask; /* asked on a terminal before it acts, followed by the workshops; or NULL */
    size_t args_min, args_max;
    uint64_t options;           /* OPTION_BITs of its own options */
    uint64_t needed;            /* … the required ones among them */
    struct option_def meant[2]; /* those that mean something else here, by their names */
    bool no_json;               /* its output is not JSON, even with --json */
    int (*run)(struct ctl *ctl);
    struct put put;
};

struct command_group {
    const char *title;
    const struct command *commands;
    size_t count;
};

/* NULL after the last. */
const struct command_group *command_group_at(size_t i);
const struct command *command_at(size_t i); /* of all groups */

/* Each returns an exit status and has reported any failure on stderr. */
int command_put(struct ctl *ctl);
int command_stop_worker(struct ctl *ctl);
int command_status(struct ctl *ctl);
int command_clear_queue(struct ctl *ctl);
int command_reload(struct ctl *ctl);
int command_backup(struct ctl *ctl);
int command_restore(struct ctl *ctl);
int command_move_out(struct ctl *ctl);
int command_move_in(struct ctl *ctl);
int command_queue(struct ctl *ctl);
int command_errors(struct ctl *ctl);
int command_order(struct ctl *ctl);
int command_order_status(struct ctl *ctl);
int command_check_worksheet(struct ctl *ctl);
int command_test(struct ctl *ctl);
int command_retry(struct ctl *ctl);
int command_resolve(struct ctl *ctl);
int command_write_off(struct ctl *ctl);
int command_orders(struct ctl *ctl);
int command_worksheet_orders(struct ctl *ctl);
int command_report(struct ctl *ctl);
int command_reconcile(struct ctl *ctl);
int command_show(struct ctl *ctl);
int command_add(struct ctl *ctl);
int command_remove(struct ctl *ctl);
int command_rekey(struct ctl *ctl);
int command_seal(struct ctl *ctl);
int command_schema(struct ctl *ctl);
int command_recipe_schema(struct ctl *ctl);
int command_token_add(struct ctl *ctl);
int command_token_list(struct ctl *ctl);
int command_token_revoke(struct ctl *ctl);
int command_user_add(struct ctl *ctl);
int command_user_link(struct ctl *ctl);
int command_user_list(struct ctl *ctl);
int command_user_passwd(struct ctl *ctl);
int command_user_remove(struct ctl *ctl);
int command_user_role(struct ctl *ctl);
int command_events(struct ctl *ctl);
int command_logs(struct ctl *ctl);
int command_metrics(struct ctl *ctl);
int command_audit(struct ctl *ctl);
int command_recipe_check(struct ctl *ctl);
int command_recipe_run(struct ctl *ctl);
int command_recipe_test(struct ctl *ctl);

/* call/call.c; call/each.c has ctl_each() */

/* "/workshops/{first argument}/REST" percent-encoded, or without "/REST" if rest is NULL. rest is
 * used as it is. To be freed. */
char *ctl_path(const struct ctl *ctl, const char *rest);

/* The same for the REST BEFORE, the second argument percent-encoded, AFTER. */
char *ctl_path_of_second(const struct ctl *ctl, const char *before, const char *after);

/* Makes one call. Takes path; borrows body, which may be NULL. CTL_OK returns the reply, an object,
 * in *reply for the caller to json_decref; otherwise the reason has been reported and *reply is
 * NULL. */
int ctl_call(struct ctl *ctl, const char *method, char *path, const json_t *body, json_t **reply);

/* Requests the pages of `list` up to --limit, or `most` entries, as one reply in *whole for the
 * caller to json_decref. rest: as for ctl_path, with a '?' or '&' at its end; without a workshop it
 * is that of all. */
int ctl_pages(struct ctl *ctl, const char *rest, const char *list, size_t most, json_t **whole);

/* The options that filter orders, as a query: "NAME=VALUE&…", or "". To be freed. */
char *ctl_filter_query(const struct ctl *ctl);

/* Reports a refusal's problem object. Takes it; returns CTL_REFUSED. */
int ctl_refused(const struct ctl *ctl, int status, json_t *problem);

/* Prints a reply, as JSON if requested, else with print(). Takes reply. */
void ctl_show(const struct ctl *ctl, json_t *reply,
              void (*print)(const struct ctl *ctl, const json_t *reply));

/* ctl_call() and ctl_show() combined, for simple commands. Takes path and body. */
int ctl_run(struct ctl *ctl, const char *method, char *path, json_t *body,
            void (*print)(const struct ctl *ctl, const json_t *reply));

/* The workshop's own name if the reply has it, else the user's argument. Borrowed. */
const char *ctl_workshop(const struct ctl *ctl, const json_t *reply);

/* The daemon's configuration: the one that was given, or the installed one. NULL: it is not there,
 * which has been said. */
const char *ctl_config(const struct ctl *ctl);

/* "; process backoff: cannot listen on …": the reply's process, and why it does not run; "" if the
 * reply has none. To be freed. */
char *ctl_process_text(const json_t *reply);

/* An integer member; 0 where it is missing. */
long long ctl_number(const json_t *object, const char *name);

/* Sets a string member; CTL_USAGE if it is not UTF-8 and so cannot be sent. NULL is left out. */
int ctl_body_set(json_t *body, const char *name, const char *value);

/* Runs a command for each of its workshops, or for `all`, after command->ask. Goes on after a
 * refusal, not if the daemon cannot be reached; returns the worst exit status. */
int ctl_each(struct ctl *ctl, int (*run)(struct ctl *one));

/* On a terminal, asks whether to go on, unless --yes is given. Scripts are not asked. */
bool ctl_confirm(const struct ctl *ctl, const char *question);

/* Prints a reply as one JSON object: indented, or on one line. */
void ctl_print_json(const json_t *reply, bool indented);

#endif
