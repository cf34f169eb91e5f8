/* pumplinectl: a client of the control API for people and scripts. This file owns the command
 * line: which commands and options there are, and how they are read. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/ctl/client.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/text.h"

static const struct option_def option_defs[OPTION_COUNT] = {
    [OPTION_SOCKET] = {"socket", "PATH", "the control socket (" CTL_DEFAULT_SOCKET ")"},
    [OPTION_JSON] = {"json", NULL, "print the daemon's reply as one JSON object"},
    [OPTION_HELP] = {"help", NULL, "this text, or a command's"},
    [OPTION_VERSION] = {"version", NULL, "the version of this program"},
    [OPTION_LIMIT] = {"limit", "N", "at most N orders"},
    [OPTION_WORKSHEET] = {"worksheet", "W", "the worksheet's number"},
    [OPTION_PRODUCT] = {"product", "P", "the product's number"},
    [OPTION_AMOUNT] = {"amount", "A", "an exact decimal such as 4.5"},
    [OPTION_ID] = {"id", "UNIQUEID", "the order's uniqueid; without it a random one"},
    [OPTION_USERNAME] = {"username", "U", "the ERP user; without it the configured one"},
    [OPTION_PASSWORD_FILE] = {"password-file", "FILE",
                              "its password is the file's first line; - is stdin"},
    [OPTION_PASSWORD] = {"password", "", NULL},
    [OPTION_HISTORY] = {"history", NULL, "every change of its state instead"},
    [OPTION_NOTE] = {"note", "TEXT", "what was done by hand, kept in the history"},
    [OPTION_WORKSHOP] = {"workshop", "W", "the workshop whose ERP and credentials are used"},
    [OPTION_ORDER] = {"order", "JSON|FILE", "{\"worksheet\", \"product_nr\", \"product_amount\"}"},
    [OPTION_UNTIL] = {"until", "WHERE", "commit: and stores the line; end: and compares it"},
    [OPTION_SHOW] = {"show", NULL, "a browser that can be seen"},
    [OPTION_FOLDER] = {"folder", "DIR", "for the pictures (recipe-run)"},
    [OPTION_CONFIG] = {"config", "FILE", "of the daemon (/etc/pumpline/pumpline.json)"},
};

#define CONTENT_BITS                                                                               \
    (OPTION_BIT(OPTION_WORKSHEET) | OPTION_BIT(OPTION_PRODUCT) | OPTION_BIT(OPTION_AMOUNT))

static const struct command commands[] = {
    {
        .name = "status",
        .usage = "[WORKSHOP]",
        .summary = "Shows all integrations, or one",
        .about = "QUEUE counts the orders waiting or being processed, OLDEST is how long the first "
                 "one waits.",
        .example = "pumplinectl status 'Bennys Auto'",
        .args_max = 1,
        .run = command_status,
    },
    {
        .name = "start",
        .usage = "WORKSHOP",
        .summary = "Starts a workshop's API and worker",
        .example = "pumplinectl start bennys-auto",
        .args_min = 1,
        .args_max = 1,
        .run = command_put,
        .put = {"start", "started", "was already running", true},
    },
    {
        .name = "stop",
        .usage = "WORKSHOP",
        .summary = "Stops a workshop's API and worker; the order in hand finishes",
        .about = "It stays down until it is started or the daemon is restarted.",
        .example = "pumplinectl stop bennys-auto",
        .args_min = 1,
        .args_max = 1,
        .run = command_put,
        .put = {"stop", "stopped", "was not running", false},
    },
    {
        .name = "restart",
        .usage = "WORKSHOP",
        .summary = "Stops and starts a workshop's API and worker",
        .example = "pumplinectl restart bennys-auto",
        .args_min = 1,
        .args_max = 1,
        .run = command_put,
        .put = {"restart", "restarted", "started; it was not running", false},
    },
    {
        .name = "kill",
        .usage = "WORKSHOP",
        .summary = "Kills a workshop's process at once; no order is lost",
        .about =
            "For one that hangs: `stop` lets the order in hand finish.\nIt stays down until it "
            "is started or the daemon is restarted.",
        .example = "pumplinectl kill bennys-auto",
        .args_min = 1,
        .args_max = 1,
        .run = command_put,
        .put = {"kill", "killed", "was not running", false},
    },
    {
        .name = "start-worker",
        .usage = "WORKSHOP",
        .summary = "Starts the worker, also one that has parked itself",
        .about = "A worker parked with erp_unreachable goes on by itself; one parked with "
                 "auth_failed needs\ncorrected credentials or this command.",
        .example = "pumplinectl start-worker bennys-auto",
        .args_min = 1,
        .args_max = 1,
        .run = command_put,
        .put = {"start_worker", "worker started", "worker was already running", true},
    },
    {
        .name = "stop-worker",
        .usage = "WORKSHOP",
        .summary = "Stops the worker; orders are still taken and wait",
        .about = "It stays stopped until it is started or the daemon is restarted.",
        .example = "pumplinectl stop-worker bennys-auto",
        .args_min = 1,
        .args_max = 1,
        .run = command_put,
        .put = {"stop_worker", "worker stopped", "worker was not running", false},
    },
    {
        .name = "queue",
        .usage = "WORKSHOP [--limit N]",
        .summary = "Lists the orders waiting or being processed, oldest first",
        .about = "All of them, over as many pages as it takes, unless --limit says otherwise.",
        .example = "pumplinectl queue 'Bennys Auto' --limit 20",
        .args_min = 1,
        .args_max = 1,
        .options = OPTION_BIT(OPTION_LIMIT),
        .run = command_queue,
    },
    {
        .name = "clear-queue",
        .usage = "WORKSHOP",
        .summary = "Takes every waiting order out of the queue",
        .about = "They become errors with the reason `cleared`, so none is forgotten.",
        .example = "pumplinectl clear-queue bennys-auto",
        .args_min = 1,
        .args_max = 1,
        .run = command_clear_queue,
    },
    {
        .name = "backup",
        .usage = "WORKSHOP FILE",
        .summary = "Copies the live queue, consistently, to a new file",
        .about =
            "For root or the daemon's own user. To go back to it: `stop`, put it in the place of\n"
            "STATE_DIR/queues/SLUG/data.mdb, `start`. Orders taken since the copy are lost; those "
            "that\n"
            "waited then are sent again: the ERP is asked for their uniqueid first, but a file "
            "that an\n"
            "importer has taken away comes a second time. So `stop-worker` before the backup, and "
            "look at\n"
            "`queue` after going back, before `start-worker`.",
        .example = "pumplinectl backup bennys-auto /var/backups/bennys-auto.mdb",
        .args_min = 2,
        .args_max = 2,
        .run = command_backup,
    },
    {
        .name = "order",
        .usage = "WORKSHOP --worksheet W --product P --amount A [--id UNIQUEID] "
                 "[--username U --password-file FILE|-]",
        .summary = "Places an order",
        .about = "The same --id with the same content is never placed twice, so an order whose "
                 "reply was lost\ncan be given again. The password is asked for if there is a "
                 "--username alone.",
        .example = "pumplinectl order 'Bennys Auto' --worksheet 558 --product 10 --amount 4.5",
        .args_min = 1,
        .args_max = 1,
        .options = CONTENT_BITS | OPTION_BIT(OPTION_ID) | OPTION_BIT(OPTION_USERNAME) |
                   OPTION_BIT(OPTION_PASSWORD_FILE),
        .needed = CONTENT_BITS,
        .run = command_order,
    },
    {
        .name = "order-status",
        .usage = "WORKSHOP UNIQUEID [--history]",
        .summary = "Shows one order, or all that happened to it",
        .example = "pumplinectl order-status 'Bennys Auto' 7f3c --history",
        .args_min = 2,
        .args_max = 2,
        .options = OPTION_BIT(OPTION_HISTORY),
        .run = command_order_status,
    },
    {
        .name = "errors",
        .usage = "WORKSHOP [--limit N]",
        .summary = "Lists the orders in error, newest first",
        .example = "pumplinectl errors 'Bennys Auto'",
        .args_min = 1,
        .args_max = 1,
        .options = OPTION_BIT(OPTION_LIMIT),
        .run = command_errors,
    },
    {
        .name = "retry",
        .usage = "WORKSHOP UNIQUEID [--worksheet W] [--product P] [--amount A]",
        .summary = "Places an order in error again, corrected if need be",
        .example = "pumplinectl retry 'Bennys Auto' 7f3c --worksheet 559",
        .args_min = 2,
        .args_max = 2,
        .options = CONTENT_BITS,
        .run = command_retry,
    },
    {
        .name = "resolve",
        .usage = "WORKSHOP UNIQUEID --note TEXT",
        .summary = "Says that an order in error was done by hand",
        .example = "pumplinectl resolve 'Bennys Auto' 7f3c --note 'line entered by Ann'",
        .args_min = 2,
        .args_max = 2,
        .options = OPTION_BIT(OPTION_NOTE),
        .needed = OPTION_BIT(OPTION_NOTE),
        .run = command_resolve,
    },
    {
        .name = "recipe",
        .usage =
            "check FILE, or recipe run FILE --workshop W --order JSON|FILE [--until commit|end] "
            "[--show] [--folder DIR] [--config FILE] [--username U --password-file FILE|-]",
        .summary = "Checks a recipe, or tries it step by step",
        .about =
            "The daemon is not asked. check names every fault with its JSON pointer. run opens a "
            "browser,\nlogs in as the workshop's user and goes as far as the commit, with a time "
            "and a picture for\neach step; only --until stores a line. What a recipe is: "
            "share/pumpline/recipes/README.md.",
        .example = "pumplinectl recipe check /etc/pumpline/recipes/our-erp.json",
        .args_min = 2,
        .args_max = 2,
        .options = OPTION_BIT(OPTION_WORKSHOP) | OPTION_BIT(OPTION_ORDER) |
                   OPTION_BIT(OPTION_UNTIL) | OPTION_BIT(OPTION_SHOW) | OPTION_BIT(OPTION_FOLDER) |
                   OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_USERNAME) |
                   OPTION_BIT(OPTION_PASSWORD_FILE),
        .run = command_recipe,
    },
    {
        .name = "reload",
        .usage = "",
        .summary = "Has the daemon read its configuration again",
        .about = "Only workshops whose configuration changed are touched. A broken file changes "
                 "nothing.",
        .example = "pumplinectl reload",
        .run = command_reload,
    },
};

enum { COMMANDS_COUNT = sizeof(commands) / sizeof(commands[0]) };

static void
take_argument(struct ctl *ctl, const char **command, const char *argument)
{
    if (!*command)
        *command = argument;
    else if (ctl->args_count++ < CTL_ARGS_MAX)
        ctl->args[ctl->args_count - 1] = argument;
}

/* argument is what getopt stopped at. A value after '=' is not repeated: it may be a secret. */
static int
complain_option(int found, const char *argument)
{
    text_complain("%s --%.*s; see pumplinectl --help",
                  found == ':' ? "a value is missing after" : "there is no option",
                  (int)strcspn(argument + strspn(argument, "-"), "="),
                  argument + strspn(argument, "-"));
    return CTL_USAGE;
}

/* Fills in arguments and options and finds the word that is the command, wherever it stands. */
static int
read_arguments(struct ctl *ctl, const char **command, int argc, char **argv)
{
    struct option longs[OPTION_COUNT + 1] = {0};
    int found;

    for (size_t i = 0; i < OPTION_COUNT; i++)
        longs[i] = (struct option){option_defs[i].name,
                                   option_defs[i].value ? required_argument : no_argument, NULL,
                                   256 + (int)i};
    opterr = 0;
    /* '-': words come in their order even under POSIXLY_CORRECT; ':': a missing value is told
     * from an unknown option. */
    while ((found = getopt_long(argc, argv, "-:h", longs, NULL)) != -1) {
        if (found == 1)
            take_argument(ctl, command, optarg);
        else if (found == 'h')
            ctl->options[OPTION_HELP] = "";
        else if (found >= 256)
            ctl->options[found - 256] = optarg ? optarg : "";
        else
            return complain_option(found, argv[optind - 1]);
    }
    for (; optind < argc; optind++)
        take_argument(ctl, command, argv[optind]);
    return CTL_OK;
}

static const struct command *
find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int
check_options(const struct ctl *ctl)
{
    const struct command *command = ctl->command;

    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const char *name = option_defs[i].name;

        if (ctl->options[i] && !((command->options | OPTIONS_GLOBAL) & OPTION_BIT(i))) {
            text_complain("%s takes no --%s; see pumplinectl %s --help", command->name, name,
                          command->name);
            return CTL_USAGE;
        }
        if (!ctl->options[i] && (command->needed & OPTION_BIT(i))) {
            text_complain("%s needs --%s; see pumplinectl %s --help", command->name, name,
                          command->name);
            return CTL_USAGE;
        }
    }
    return CTL_OK;
}

static bool
is_limit(const char *text)
{
    return strspn(text, "0123456789") == strlen(text) && strlen(text) <= 9 && atol(text) > 0;
}

/* What can be wrong with the command line is said here, before anything is asked of the daemon. */
static int
check_arguments(const struct ctl *ctl)
{
    const struct command *command = ctl->command;

    if (ctl->options[OPTION_PASSWORD]) {
        text_complain("a password in a command line can be seen by others: use --password-file");
        return CTL_USAGE;
    }
    if (ctl->args_count < command->args_min || ctl->args_count > command->args_max) {
        text_complain("usage: pumplinectl %s %s", command->name, command->usage);
        return CTL_USAGE;
    }
    for (size_t i = 0; i < ctl->args_count; i++)
        if (*ctl->args[i] == '\0') {
            text_complain("an argument of %s is empty", command->name);
            return CTL_USAGE;
        }
    if (ctl->options[OPTION_LIMIT] && !is_limit(ctl->options[OPTION_LIMIT])) {
        text_complain("--limit takes a whole number from 1 on");
        return CTL_USAGE;
    }
    return check_options(ctl);
}

static int
run_command(struct ctl *ctl)
{
    const char *path = ctl->options[OPTION_SOCKET];
    int result = check_arguments(ctl);

    if (result != CTL_OK)
        return result;
    if (!path)
        path = getenv("PUMPLINE_SOCKET");
    ctl->screen = screen_open();
    ctl->client = client_open(path && *path ? path : CTL_DEFAULT_SOCKET);
    result = ctl->command->run(ctl);
    client_close(ctl->client);
    return result;
}

/* Help and version need neither a daemon nor a complete command line. */
static int
dispatch(struct ctl *ctl, const char *name)
{
    if (ctl->options[OPTION_VERSION]) {
        puts("pumplinectl " PUMPLINE_VERSION);
        return CTL_OK;
    }
    if (!name && ctl->options[OPTION_HELP]) {
        help_program(commands, COMMANDS_COUNT, option_defs);
        return CTL_OK;
    }
    ctl->command = name ? find_command(name) : NULL;
    if (!ctl->command) {
        text_complain("%s%s; see pumplinectl --help", name ? "there is no command " : "no command",
                      name ? name : "");
        return CTL_USAGE;
    }
    if (!ctl->options[OPTION_HELP])
        return run_command(ctl);
    help_command(ctl->command, option_defs);
    return CTL_OK;
}

int
main(int argc, char **argv)
{
    struct ctl ctl = {0};
    const char *name = NULL;

    text_init();
    int result = read_arguments(&ctl, &name, argc, argv);

    if (result == CTL_OK)
        result = dispatch(&ctl, name);
    if ((fflush(stdout) != 0 || ferror(stdout)) && result == CTL_OK) {
        text_complain("stdout could not be written");
        result = CTL_REFUSED;
    }
    return result;
}
