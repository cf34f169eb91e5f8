/* The commands of pumplinectl, one row each. The texts are those of the help; the manual page
 * follows them. */
#include "supervisor/ctl/ctl.h"

#define CONTENT_BITS                                                                               \
    (OPTION_BIT(OPTION_WORKSHEET) | OPTION_BIT(OPTION_PRODUCT) | OPTION_BIT(OPTION_AMOUNT))

#define ARGUMENTS(least, most) .args_min = (least), .args_max = (most)

static const struct command commands[] = {
    {
        .name = "status",
        .usage = "[WORKSHOP] [--watch]",
        .summary = "Show all integrations, or one",
        .about = "QUEUE is the number of orders waiting or being processed; OLDEST is how long the "
                 "first one has waited.\nWith --watch the table is updated at every change, until "
                 "Ctrl-C; --json then prints one line per change.",
        .example = "pumplinectl status 'Bennys Auto'",
        .args_max = 1,
        .options = OPTION_BIT(OPTION_WATCH),
        .run = command_status,
    },
    {
        .name = "start",
        .usage = "WORKSHOP",
        .summary = "Start a workshop's API and worker",
        .example = "pumplinectl start bennys-auto",
        ARGUMENTS(1, 1),
        .run = command_put,
        .put = {.action = "start",
                .done = "started",
                .other = "was already running",
                .other_if = true},
    },
    {
        .name = "stop",
        .usage = "WORKSHOP",
        .summary = "Stop a workshop's API and worker; orders in flight finish first",
        .about = "The workshop stays down until you start it or the daemon restarts.",
        .example = "pumplinectl stop bennys-auto",
        ARGUMENTS(1, 1),
        .run = command_put,
        .put = {.action = "stop", .done = "stopped", .other = "was not running", .other_if = false},
    },
    {
        .name = "restart",
        .usage = "WORKSHOP",
        .summary = "Restart a workshop's API and worker",
        .example = "pumplinectl restart bennys-auto",
        ARGUMENTS(1, 1),
        .run = command_put,
        .put = {.action = "restart",
                .done = "restarted",
                .other = "started; it was not running",
                .other_if = false},
    },
    {
        .name = "kill",
        .usage = "WORKSHOP",
        .summary = "Kill a workshop's process at once; no order is lost",
        .about = "Use this if the process hangs; `stop` lets orders in flight finish.\nThe "
                 "workshop stays down until you start it or the daemon restarts.",
        .example = "pumplinectl kill bennys-auto",
        ARGUMENTS(1, 1),
        .run = command_put,
        .put = {.action = "kill", .done = "killed", .other = "was not running", .other_if = false},
    },
    {
        .name = "start-worker",
        .usage = "WORKSHOP",
        .summary = "Start the worker, even if it has parked itself",
        .about = "A worker parked with erp_unreachable resumes by itself; one parked with "
                 "auth_failed needs\ncorrected credentials or this command.",
        .example = "pumplinectl start-worker bennys-auto",
        ARGUMENTS(1, 1),
        .run = command_put,
        .put = {.action = "start_worker",
                .done = "worker started",
                .other = "worker was already running",
                .other_if = true},
    },
    {
        .name = "stop-worker",
        .usage = "WORKSHOP",
        .summary = "Stop the worker; the API still accepts orders, which wait",
        .about = "The worker stays stopped until you start it or the daemon restarts, even across "
                 "a reload, a new\nconfiguration or a crash.",
        .example = "pumplinectl stop-worker bennys-auto",
        ARGUMENTS(1, 1),
        .run = command_put,
        .put = {.action = "stop_worker",
                .done = "worker stopped",
                .other = "worker was not running",
                .other_if = false},
    },
    {
        .name = "queue",
        .usage = "WORKSHOP [--limit N]",
        .summary = "List the orders waiting or being processed, oldest first",
        .about = "Lists all of them unless --limit is given.",
        .example = "pumplinectl queue 'Bennys Auto' --limit 20",
        ARGUMENTS(1, 1),
        .options = OPTION_BIT(OPTION_LIMIT),
        .run = command_queue,
    },
    {
        .name = "clear-queue",
        .usage = "WORKSHOP",
        .summary = "Remove every waiting order from the queue; the orders end in error",
        .about = "Their reason is `cleared`; the command `errors` lists them.",
        .example = "pumplinectl clear-queue bennys-auto",
        ARGUMENTS(1, 1),
        .run = command_clear_queue,
    },
    {
        .name = "backup",
        .usage = "WORKSHOP FILE",
        .summary = "Copy the live queue, consistently, to a new file",
        .about =
            "Run this as root or as the daemon's own user. To restore the copy: `stop`, replace\n"
            "STATE_DIR/queues/SLUG/data.mdb with it, `start`. Orders accepted after the copy are "
            "lost. Orders\n"
            "waiting at that time are sent again: the ERP is searched for their uniqueid first, "
            "but a file that\n"
            "an importer has already taken is written a second time. To avoid this, use "
            "`stop-worker` before\n"
            "the backup; after a restore, check `queue` before `start-worker`.",
        .example = "pumplinectl backup bennys-auto /var/backups/bennys-auto.mdb",
        ARGUMENTS(2, 2),
        .run = command_backup,
    },
    {
        .name = "order",
        .usage = "WORKSHOP --worksheet W --product P --amount A [--id UNIQUEID] "
                 "[--username U --password-file FILE|-]",
        .summary = "Place an order",
        .about = "The same --id with the same content is never placed twice, so you can repeat the "
                 "command if a\nreply was lost. With --username alone, the command prompts for the "
                 "password.",
        .example = "pumplinectl order 'Bennys Auto' --worksheet 558 --product 10 --amount 4.5",
        ARGUMENTS(1, 1),
        .options = CONTENT_BITS | OPTION_BIT(OPTION_ID) | OPTION_BIT(OPTION_USERNAME) |
                   OPTION_BIT(OPTION_PASSWORD_FILE),
        .needed = CONTENT_BITS,
        .run = command_order,
    },
    {
        .name = "order-status",
        .usage = "WORKSHOP UNIQUEID [--history]",
        .summary = "Show one order, or its history",
        .example = "pumplinectl order-status 'Bennys Auto' 7f3c --history",
        ARGUMENTS(2, 2),
        .options = OPTION_BIT(OPTION_HISTORY),
        .run = command_order_status,
    },
    {
        .name = "errors",
        .usage = "WORKSHOP [--limit N]",
        .summary = "List the orders in error, newest first",
        .example = "pumplinectl errors 'Bennys Auto'",
        ARGUMENTS(1, 1),
        .options = OPTION_BIT(OPTION_LIMIT),
        .run = command_errors,
    },
    {
        .name = "retry",
        .usage = "WORKSHOP UNIQUEID [--worksheet W] [--product P] [--amount A]",
        .summary = "Retry an order in error, optionally corrected",
        .example = "pumplinectl retry 'Bennys Auto' 7f3c --worksheet 559",
        ARGUMENTS(2, 2),
        .options = CONTENT_BITS,
        .run = command_retry,
    },
    {
        .name = "resolve",
        .usage = "WORKSHOP UNIQUEID --note TEXT",
        .summary = "Record that an order in error was entered by hand",
        .example = "pumplinectl resolve 'Bennys Auto' 7f3c --note 'line entered by Ann'",
        ARGUMENTS(2, 2),
        .options = OPTION_BIT(OPTION_NOTE),
        .needed = OPTION_BIT(OPTION_NOTE),
        .run = command_resolve,
    },
    {
        .name = "show",
        .usage = "WORKSHOP",
        .summary = "Show a workshop's configuration, without its secrets",
        .example = "pumplinectl show bennys-auto",
        ARGUMENTS(1, 1),
        .run = command_show,
    },
    {
        .name = "add",
        .usage = "[WORKSHOP] FILE|- [--slug SLUG]",
        .summary = "Add a workshop, or change its configuration",
        .about = "FILE is a document as in workshops.d; - is stdin. The slug is WORKSHOP or "
                 "--slug; otherwise FILE's\n"
                 "name without .json; otherwise derived from the document's `workshop`. If a "
                 "workshop has this name\n"
                 "or slug, it is changed. If the document has faults, all are reported and nothing "
                 "is changed.\n"
                 "The daemon seals a plaintext password.",
        .example = "pumplinectl add bennys-auto.json",
        ARGUMENTS(1, 2),
        .options = OPTION_BIT(OPTION_SLUG),
        .run = command_add,
    },
    {
        .name = "remove",
        .usage = "WORKSHOP [--force]",
        .summary = "Remove a workshop; its queue is kept aside",
        .about = "Refused while orders are waiting, unless --force is given.",
        .example = "pumplinectl remove bennys-auto",
        ARGUMENTS(1, 1),
        .options = OPTION_BIT(OPTION_FORCE),
        .run = command_remove,
    },
    {
        .name = "activate",
        .usage = "WORKSHOP",
        .summary = "Start a workshop now and whenever the daemon starts",
        .example = "pumplinectl activate bennys-auto",
        ARGUMENTS(1, 1),
        .run = command_put,
        .put = {.action = "activate",
                .done = "activated",
                .other = "was already active",
                .other_if = true,
                .was = "was_active"},
    },
    {
        .name = "deactivate",
        .usage = "WORKSHOP",
        .summary = "Stop a workshop and do not start it with the daemon",
        .about = "Orders in flight finish first; waiting orders are kept.",
        .example = "pumplinectl deactivate bennys-auto",
        ARGUMENTS(1, 1),
        .run = command_put,
        .put = {.action = "deactivate",
                .done = "deactivated",
                .other = "was not active",
                .other_if = false,
                .was = "was_active"},
    },
    {
        .name = "seal",
        .usage = "WORKSHOP [--password-file FILE|-] [--file FILE] [--config FILE]",
        .summary = "Seal an ERP password for a workshop's file",
        .about = "Prints {\"sealed\": \"…\"}; use this as credentials.password in the workshop's "
                 "file. It is valid only for\n"
                 "this workshop, and only while the file's erp names the same system, host, port, "
                 "ca_file, recipe,\n"
                 "options and browser. The command prompts for the password, or reads it from "
                 "stdin. For a new workshop,\n"
                 "or if erp is about to change, give the slug and --file FILE. With --config, root "
                 "can seal without the\n"
                 "daemon: the command reads the key file itself.",
        .example = "pumplinectl seal bennys-auto",
        ARGUMENTS(1, 1),
        .options =
            OPTION_BIT(OPTION_PASSWORD_FILE) | OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_FILE),
        .run = command_seal,
    },
    {
        .name = "token add",
        .usage = "WORKSHOP --scope order|manage [--name NAME]",
        .summary = "Create a token for a workshop's port and show it, once",
        .about = "The scope order allows placing orders and reading; manage allows everything. The "
                 "daemon stores only\na hash: if you lose a token, create another.",
        .example = "pumplinectl token add bennys-auto --scope order --name oilmat",
        ARGUMENTS(1, 1),
        .options = OPTION_BIT(OPTION_SCOPE) | OPTION_BIT(OPTION_NAME),
        .needed = OPTION_BIT(OPTION_SCOPE),
        .run = command_token_add,
    },
    {
        .name = "token list",
        .usage = "WORKSHOP",
        .summary = "List a workshop's tokens by name and scope",
        .example = "pumplinectl token list bennys-auto",
        ARGUMENTS(1, 1),
        .run = command_token_list,
    },
    {
        .name = "token revoke",
        .usage = "WORKSHOP NAME",
        .summary = "Revoke a token",
        .example = "pumplinectl token revoke bennys-auto oilmat",
        ARGUMENTS(2, 2),
        .run = command_token_revoke,
    },
    {
        .name = "recipe check",
        .usage = "FILE",
        .summary = "Check a recipe for the web pages or the HTTP API of an ERP",
        .about = "Reports every fault with its place. Notes on a valid recipe say which "
                 "orders it refuses\n"
                 "because of their uniqueid. Does not need the daemon. "
                 "share/pumpline/recipes/README.md explains\n"
                 "recipes.",
        .example = "pumplinectl recipe check /etc/pumpline/recipes/our-erp.json",
        ARGUMENTS(1, 1),
        .run = command_recipe_check,
    },
    {
        .name = "recipe schema",
        .usage = "",
        .summary = "Print the JSON schema of recipes, for editors",
        .about = "share/pumpline/recipes/recipe.schema.json is the same. recipe check finds more.",
        .example = "pumplinectl recipe schema > recipe.schema.json",
        .run = command_recipe_schema,
    },
    {
        .name = "recipe run",
        .usage = "FILE --workshop WORKSHOP --order JSON|FILE [--until commit|end] [--show] "
                 "[--folder DIR] [--config FILE] [--username U --password-file FILE|-]",
        .summary = "Try a recipe step by step in a browser",
        .about =
            "Logs in as the workshop's user and stops before the commit, with the time, a "
            "screenshot and the\n"
            "variables of each step. Only --until stores a line. Needs neither daemon nor queue, "
            "but you must be\n"
            "allowed to read pumpline.json, and the key file if the workshop's password is sealed.",
        .example = "pumplinectl recipe run our-erp.json --workshop bennys-auto --order order.json",
        ARGUMENTS(1, 1),
        .options = OPTION_BIT(OPTION_WORKSHOP) | OPTION_BIT(OPTION_ORDER) |
                   OPTION_BIT(OPTION_UNTIL) | OPTION_BIT(OPTION_SHOW) | OPTION_BIT(OPTION_FOLDER) |
                   OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_USERNAME) |
                   OPTION_BIT(OPTION_PASSWORD_FILE),
        .needed = OPTION_BIT(OPTION_WORKSHOP) | OPTION_BIT(OPTION_ORDER),
        .no_json = true,
        .run = command_recipe_run,
    },
    {
        .name = "recipe test",
        .usage = "FILE DIALOGUE...",
        .summary = "Play recorded exchanges to a recipe for an HTTP API",
        .about = "Says in which exchange the recipe sends something else, or ends otherwise. Needs "
                 "neither daemon\nnor ERP. share/pumpline/recipes/API.md explains dialogues.",
        .example = "pumplinectl recipe test our-erp.json dialogues/*.json",
        .args_min = 2,
        .args_max = CTL_ARGS_MAX,
        .no_json = true,
        .run = command_recipe_test,
    },
    {
        .name = "schema",
        .usage = "daemon|workshop",
        .summary = "Print the JSON schema of a configuration file, for editors",
        .about = "Of pumpline.json, or of a workshop's file; in share/pumpline they are\n"
                 "pumpline.schema.json and workshop.schema.json. pumplined -n finds more.",
        .example = "pumplinectl schema workshop > workshop.schema.json",
        ARGUMENTS(1, 1),
        .run = command_schema,
    },
    {
        .name = "rekey",
        .usage = "",
        .summary = "Replace the master key and reseal everything with the new one",
        .about = "Each workshop stops briefly in turn. If the command is interrupted, repeat it: "
                 "it continues.",
        .example = "pumplinectl rekey",
        .run = command_rekey,
    },
    {
        .name = "reload",
        .usage = "",
        .summary = "Reload the daemon's configuration",
        .about = "Only workshops whose configuration changed are restarted. If a file has faults, "
                 "nothing changes.",
        .example = "pumplinectl reload",
        .run = command_reload,
    },
    {
        .name = "events",
        .usage = "",
        .summary = "Follow the events of all workshops, one line per event",
        .about = "Runs until Ctrl-C; exits with status 3 if the daemon goes away. With --json each "
                 "line is a JSON object.",
        .example = "pumplinectl events",
        .run = command_events,
    },
    {
        .name = "metrics",
        .usage = "",
        .summary = "Print the daemon's metrics as OpenMetrics text",
        .about = "For a textfile collector: the daemon itself does not listen on a TCP port.",
        .example = "pumplinectl metrics",
        .no_json = true,
        .run = command_metrics,
    },
};

const struct command *
command_table(size_t *count)
{
    *count = sizeof commands / sizeof *commands;
    return commands;
}
