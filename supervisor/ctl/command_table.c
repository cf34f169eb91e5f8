/* What pumplinectl can do: one row a command. Its words are the help's, and the manual page follows
 * them. */
#include "supervisor/ctl/ctl.h"

#define CONTENT_BITS                                                                               \
    (OPTION_BIT(OPTION_WORKSHEET) | OPTION_BIT(OPTION_PRODUCT) | OPTION_BIT(OPTION_AMOUNT))

static const struct command commands[] = {
    {
        .name = "status",
        .usage = "[WORKSHOP] [--watch]",
        .summary = "Shows all integrations, or one",
        .about = "QUEUE counts the orders waiting or being processed, OLDEST is how long the first "
                 "one waits.\nWith --watch it is shown again at every change, until Ctrl-C; --json "
                 "then prints a line a change.",
        .example = "pumplinectl status 'Bennys Auto'",
        .args_max = 1,
        .options = OPTION_BIT(OPTION_WATCH),
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
        .put = {.action = "start",
                .done = "started",
                .other = "was already running",
                .other_if = true},
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
        .put = {.action = "stop", .done = "stopped", .other = "was not running", .other_if = false},
    },
    {
        .name = "restart",
        .usage = "WORKSHOP",
        .summary = "Stops and starts a workshop's API and worker",
        .example = "pumplinectl restart bennys-auto",
        .args_min = 1,
        .args_max = 1,
        .run = command_put,
        .put = {.action = "restart",
                .done = "restarted",
                .other = "started; it was not running",
                .other_if = false},
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
        .put = {.action = "kill", .done = "killed", .other = "was not running", .other_if = false},
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
        .put = {.action = "start_worker",
                .done = "worker started",
                .other = "worker was already running",
                .other_if = true},
    },
    {
        .name = "stop-worker",
        .usage = "WORKSHOP",
        .summary = "Stops the worker; orders are still taken and wait",
        .about =
            "It stays stopped until it is started or the daemon is restarted: also over a reload, "
            "another configuration and a crash.",
        .example = "pumplinectl stop-worker bennys-auto",
        .args_min = 1,
        .args_max = 1,
        .run = command_put,
        .put = {.action = "stop_worker",
                .done = "worker stopped",
                .other = "worker was not running",
                .other_if = false},
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
        .name = "show",
        .usage = "WORKSHOP",
        .summary = "Shows a workshop's configuration, without its secrets",
        .example = "pumplinectl show bennys-auto",
        .args_min = 1,
        .args_max = 1,
        .run = command_show,
    },
    {
        .name = "add",
        .usage = "[WORKSHOP] FILE|- [--slug SLUG]",
        .summary = "Adds a workshop, or changes the configuration of one",
        .about =
            "FILE is a document as in workshops.d, - is stdin. Its slug is WORKSHOP or --slug, "
            "else FILE's name\nwithout .json, else made of the document's `workshop`; a workshop "
            "that has this name or slug is\nchanged. Every fault is named, and then nothing is "
            "changed. A plain password is sealed by the daemon.",
        .example = "pumplinectl add bennys-auto.json",
        .args_min = 1,
        .args_max = 2,
        .options = OPTION_BIT(OPTION_SLUG),
        .run = command_add,
    },
    {
        .name = "remove",
        .usage = "WORKSHOP [--force]",
        .summary = "Removes a workshop; its queue is kept aside",
        .about = "Refused while orders wait, unless it is given --force.",
        .example = "pumplinectl remove bennys-auto",
        .args_min = 1,
        .args_max = 1,
        .options = OPTION_BIT(OPTION_FORCE),
        .run = command_remove,
    },
    {
        .name = "activate",
        .usage = "WORKSHOP",
        .summary = "Starts a workshop, now and with the daemon from now on",
        .example = "pumplinectl activate bennys-auto",
        .args_min = 1,
        .args_max = 1,
        .run = command_put,
        .put = {.action = "activate",
                .done = "activated",
                .other = "was active already",
                .other_if = true,
                .was = "was_active"},
    },
    {
        .name = "deactivate",
        .usage = "WORKSHOP",
        .summary = "Stops a workshop, and leaves it down when the daemon starts",
        .about = "The order in hand finishes; the orders that wait are kept.",
        .example = "pumplinectl deactivate bennys-auto",
        .args_min = 1,
        .args_max = 1,
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
        .summary = "Seals an ERP password for a workshop's file",
        .about =
            "Prints {\"sealed\": \"…\"}, to be put as credentials.password into the workshop's "
            "file. It opens for\nno other workshop, and only while the file's erp names the same "
            "system, host, port, ca_file, recipe,\noptions and browser. The password is asked for, "
            "or read "
            "from stdin. A workshop that is yet to come is named by its\nslug, with --file FILE, "
            "which is also for an erp that is about to change. With --config the key file is\nread "
            "here, by root, and no daemon is needed.",
        .example = "pumplinectl seal bennys-auto",
        .args_min = 1,
        .args_max = 1,
        .options =
            OPTION_BIT(OPTION_PASSWORD_FILE) | OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_FILE),
        .run = command_seal,
    },
    {
        .name = "token add",
        .usage = "WORKSHOP --scope order|manage [--name NAME]",
        .summary = "Makes a token for a workshop's port and shows it, once",
        .about =
            "With the scope order it may place orders and read, with manage it may do all. The "
            "daemon gets its\nhash alone; whoever loses a token makes another.",
        .example = "pumplinectl token add bennys-auto --scope order --name oilmat",
        .args_min = 1,
        .args_max = 1,
        .options = OPTION_BIT(OPTION_SCOPE) | OPTION_BIT(OPTION_NAME),
        .needed = OPTION_BIT(OPTION_SCOPE),
        .run = command_token_add,
    },
    {
        .name = "token list",
        .usage = "WORKSHOP",
        .summary = "Lists a workshop's tokens by name and scope",
        .example = "pumplinectl token list bennys-auto",
        .args_min = 1,
        .args_max = 1,
        .run = command_token_list,
    },
    {
        .name = "token revoke",
        .usage = "WORKSHOP NAME",
        .summary = "Takes a token's rights away",
        .example = "pumplinectl token revoke bennys-auto oilmat",
        .args_min = 2,
        .args_max = 2,
        .run = command_token_revoke,
    },
    {
        .name = "recipe check",
        .usage = "FILE",
        .summary = "Checks a recipe for the pages of an ERP",
        .about =
            "Every fault is named with its JSON pointer. Notes on a sound one say which orders it\n"
            "refuses for their uniqueid. The daemon is not asked. What a recipe is:\n"
            "share/pumpline/recipes/README.md.",
        .example = "pumplinectl recipe check /etc/pumpline/recipes/our-erp.json",
        .args_min = 1,
        .args_max = 1,
        .run = command_recipe_check,
    },
    {
        .name = "recipe schema",
        .usage = "",
        .summary = "Prints the JSON schema of recipes, for editors",
        .about = "share/pumpline/recipes/recipe.schema.json is the same. recipe check finds more.",
        .example = "pumplinectl recipe schema > recipe.schema.json",
        .run = command_recipe_schema,
    },
    {
        .name = "recipe run",
        .usage = "FILE --workshop WORKSHOP --order JSON|FILE [--until commit|end] [--show] "
                 "[--folder DIR] [--config FILE] [--username U --password-file FILE|-]",
        .summary = "Tries a recipe step by step in a browser",
        .about =
            "Logs in as the workshop's user and goes as far as the commit, with a time, a picture "
            "and the variables\nof each step; only --until stores a line. The daemon is not asked "
            "and no queue is touched: pumpline.json\nis read here, by whoever may read it, and the "
            "key file where the workshop's password is sealed.",
        .example = "pumplinectl recipe run our-erp.json --workshop bennys-auto --order order.json",
        .args_min = 1,
        .args_max = 1,
        .options = OPTION_BIT(OPTION_WORKSHOP) | OPTION_BIT(OPTION_ORDER) |
                   OPTION_BIT(OPTION_UNTIL) | OPTION_BIT(OPTION_SHOW) | OPTION_BIT(OPTION_FOLDER) |
                   OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_USERNAME) |
                   OPTION_BIT(OPTION_PASSWORD_FILE),
        .needed = OPTION_BIT(OPTION_WORKSHOP) | OPTION_BIT(OPTION_ORDER),
        .no_json = true,
        .run = command_recipe_run,
    },
    {
        .name = "schema",
        .usage = "daemon|workshop",
        .summary = "Prints the JSON schema of a configuration file, for editors",
        .about = "Of pumpline.json, or of a workshop's file; in share/pumpline they are\n"
                 "pumpline.schema.json and workshop.schema.json. pumplined -n finds more.",
        .example = "pumplinectl schema workshop > workshop.schema.json",
        .args_min = 1,
        .args_max = 1,
        .run = command_schema,
    },
    {
        .name = "rekey",
        .usage = "",
        .summary = "Makes a new master key and seals everything again with it",
        .about = "Workshops stop for it one after the other, for a moment. Cut off half-way, it is "
                 "given again and\ngoes on.",
        .example = "pumplinectl rekey",
        .run = command_rekey,
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
    {
        .name = "events",
        .usage = "",
        .summary = "Follows what happens to all workshops, a line an event",
        .about =
            "Ends at Ctrl-C, or with exit status 3 when the daemon goes away. With --json each "
            "line is a JSON object.",
        .example = "pumplinectl events",
        .run = command_events,
    },
    {
        .name = "metrics",
        .usage = "",
        .summary = "Prints the daemon's figures as OpenMetrics text",
        .about = "For a textfile collector: the daemon itself listens on no port.",
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
