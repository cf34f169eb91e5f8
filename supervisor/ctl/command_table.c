/* The commands of pumplinectl, one row each. The texts are those of the help; the manual page
 * follows them. */
#include "supervisor/ctl/ctl.h"

#define CONTENT_BITS                                                                               \
    (OPTION_BIT(OPTION_WORKSHEET) | OPTION_BIT(OPTION_PRODUCT) | OPTION_BIT(OPTION_AMOUNT))

#define FILTER_BITS                                                                                \
    (OPTION_BIT(OPTION_STATUS) | OPTION_BIT(OPTION_ATTENTION) | OPTION_BIT(OPTION_REASON) |        \
     OPTION_BIT(OPTION_WORKSHEET) | OPTION_BIT(OPTION_PRODUCT) | OPTION_BIT(OPTION_SEARCH) |       \
     OPTION_BIT(OPTION_FROM) | OPTION_BIT(OPTION_TO))

#define ARGUMENTS(least, most) .args_min = (least), .args_max = (most)

static const struct command commands[] = {
    {
        .name = "help",
        .usage = "[COMMAND]",
        .summary = "Show the commands, or the help of one",
        .example = "pumplinectl help token add",
        .args_max = 2,
        .no_json = true,
        .run = NULL, /* the same as --help, which is looked at first */
    },
    {
        .name = "status",
        .usage = "[WORKSHOP] [--watch]",
        .summary = "Show all workshops, or one",
        .about = "QUEUE is the number of orders waiting or being processed; OLDEST is how long the "
                 "first one has waited;\nATTENTION is the number of orders in error that are not "
                 "written off.\nWith --watch the table is updated at every change, until "
                 "q or Ctrl-C; --json then prints one line per change.",
        .example = "pumplinectl status 'Bennys Auto'",
        .args_max = 1,
        .options = OPTION_BIT(OPTION_WATCH),
        .run = command_status,
    },
    {
        .name = "start",
        .usage = "WORKSHOP…|all",
        .summary = "Start a workshop's API and worker",
        .example = "pumplinectl start bennys-auto",
        ARGUMENTS(1, CTL_ARGS_MANY),
        .run = command_put,
        .put = {.action = "start",
                .done = "started",
                .other = "was already running",
                .other_if = true},
    },
    {
        .name = "stop",
        .usage = "WORKSHOP…|all",
        .summary = "Stop a workshop's API and worker; orders in flight finish first",
        .about = "The workshop stays down until you start it or the daemon restarts.",
        .example = "pumplinectl stop bennys-auto",
        ARGUMENTS(1, CTL_ARGS_MANY),
        .run = command_put,
        .put = {.action = "stop", .done = "stopped", .other = "was not running", .other_if = false},
    },
    {
        .name = "restart",
        .usage = "WORKSHOP…|all",
        .summary = "Restart a workshop's API and worker",
        .example = "pumplinectl restart bennys-auto",
        ARGUMENTS(1, CTL_ARGS_MANY),
        .run = command_put,
        .put = {.action = "restart",
                .done = "restarted",
                .other = "started; it was not running",
                .other_if = false},
    },
    {
        .name = "kill",
        .usage = "WORKSHOP…|all [--yes]",
        .summary = "Kill a workshop's process at once; no order is lost",
        .about = "Use this if the process hangs; `stop` lets orders in flight finish.\nThe "
                 "workshop stays down until you start it or the daemon restarts.",
        .example = "pumplinectl kill bennys-auto",
        ARGUMENTS(1, CTL_ARGS_MANY),
        .ask = "Kill at once",
        .options = OPTION_BIT(OPTION_YES),
        .run = command_put,
        .put = {.action = "kill", .done = "killed", .other = "was not running", .other_if = false},
    },
    {
        .name = "start-worker",
        .usage = "WORKSHOP…|all",
        .summary = "Start the worker, even if it has parked itself",
        .about = "A worker parked with erp_unreachable resumes by itself; one parked with "
                 "auth_failed needs\ncorrected credentials or this command.",
        .example = "pumplinectl start-worker bennys-auto",
        ARGUMENTS(1, CTL_ARGS_MANY),
        .run = command_put,
        .put = {.action = "start_worker",
                .done = "worker started",
                .other = "worker was already running",
                .other_if = true},
    },
    {
        .name = "stop-worker",
        .usage = "WORKSHOP…|all [--reason TEXT] [--until TIME]",
        .summary = "Stop the worker; the API still accepts orders, which wait",
        .about = "The worker stays stopped until you start it or the daemon restarts, even across "
                 "a reload, a new\nconfiguration or a crash. With --until it starts again by "
                 "itself, and a restart of the daemon does not\nstart it earlier.",
        .example = "pumplinectl stop-worker bennys-auto --reason 'ERP update' --until 2h",
        ARGUMENTS(1, CTL_ARGS_MANY),
        .options = OPTION_BIT(OPTION_REASON) | OPTION_BIT(OPTION_UNTIL),
        .meant = {{"reason", "TEXT", "why; `status WORKSHOP` shows it"},
                  {"until", "TIME",
                   "when it starts again: 2026-11-24T18:00:00Z, or after 90s, 30m, 2h or 3d"}},
        .run = command_stop_worker,
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
        .usage = "WORKSHOP…|all [--yes]",
        .summary = "Remove every waiting order from the queue; the orders end in error",
        .about = "Their reason is `cleared`; the command `errors` lists them.",
        .example = "pumplinectl clear-queue bennys-auto",
        ARGUMENTS(1, CTL_ARGS_MANY),
        .ask = "Remove every waiting order from the queue",
        .options = OPTION_BIT(OPTION_YES),
        .run = command_clear_queue,
    },
    {
        .name = "backup",
        .usage = "WORKSHOP FILE | --all DIR [--keep N] [--config FILE]",
        .summary = "Copy the live queue, consistently, to a new file; or all workshops to a folder",
        .about = "Run this as root or as the daemon's user. With --all, the backup is a new folder "
                 "in DIR, named by the time.\n"
                 "It contains the queue and the file of each workshop, running or not, the recipes "
                 "and pumpline.json, but\n"
                 "not the master key. Restore it with `restore`. --keep N then removes all but the "
                 "newest N backups.\n"
                 "To restore a single FILE, stop the workshop and replace "
                 "STATE_DIR/queues/SLUG/data.mdb with it. Orders\n"
                 "accepted after the copy are lost. Orders that were waiting are sent again after "
                 "a look-up by uniqueid, but\n"
                 "the file driver writes a file again if the importer has already taken it.",
        .example = "pumplinectl backup --all /var/backups/pumpline --keep 14",
        ARGUMENTS(1, 2),
        .options = OPTION_BIT(OPTION_ALL) | OPTION_BIT(OPTION_KEEP) | OPTION_BIT(OPTION_CONFIG),
        .meant = {{"all", NULL, "all workshops, running or not"}},
        .run = command_backup,
    },
    {
        .name = "restore",
        .usage = "DIR [SLUG] [--config FILE] [--yes]",
        .summary = "Restore all workshops, or one, from a backup made with --all",
        .about = "DIR is the backup's folder, named by its time. Run this as root, with pumplined "
                 "stopped or the workshops\n"
                 "inactive; a running daemon loads the files at once. First put the master key of "
                 "that time at key_file.\n"
                 "The previous queues and files are moved to STATE_DIR/removed. Orders accepted "
                 "after the backup are missing;\n"
                 "if they are placed again, their lines are found in the ERP and not created "
                 "twice. A workshop with the file\n"
                 "driver stays inactive until you have compared its orders with the ERP.",
        .example = "pumplinectl restore /var/backups/pumpline/20261129T021500.000Z",
        ARGUMENTS(1, 2),
        .options = OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_YES),
        .no_json = true,
        .run = command_restore,
    },
    {
        .name = "move-out",
        .usage = "SLUG DIR [--config FILE] [--yes]",
        .summary = "Stop a workshop on this machine for good and write it to a folder for another",
        .about = "Orders in flight finish first; waiting orders move with the queue. Once the "
                 "command has begun, this machine\n"
                 "never starts the workshop again, even after a crash. If the command is "
                 "interrupted, repeat it. `move-in` of\n"
                 "the folder starts the workshop again, there or here. Run this as root.",
        .example = "pumplinectl move-out bennys-auto /mnt/shared/bennys-auto",
        ARGUMENTS(2, 2),
        .options = OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_YES),
        .no_json = true,
        .run = command_move_out,
    },
    {
        .name = "move-in",
        .usage = "DIR [--config FILE] [--yes]",
        .summary = "Take over a workshop from a folder written by move-out, and start it",
        .about = "A folder can be moved in only once: it records which machine took it. Between "
                 "machines, move the folder; do\n"
                 "not copy it, because a copy does not record that the other one was used. Both "
                 "machines need the same master\n"
                 "key. If the command is interrupted, repeat it. Run this as root.",
        .example = "pumplinectl move-in /mnt/shared/bennys-auto",
        ARGUMENTS(1, 1),
        .options = OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_YES),
        .no_json = true,
        .run = command_move_in,
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
        .name = "check-worksheet",
        .usage = "WORKSHOP WORKSHEET [--product P [--amount A]]",
        .summary = "Ask the ERP whether a worksheet accepts lines, before pumping",
        .about = "Also asks whether it knows the product and would accept the amount. It changes "
                 "nothing in the ERP.",
        .example = "pumplinectl check-worksheet bennys-auto 558 --product 10 --amount 4.5",
        ARGUMENTS(2, 2),
        .options = OPTION_BIT(OPTION_PRODUCT) | OPTION_BIT(OPTION_AMOUNT),
        .run = command_check_worksheet,
    },
    {
        .name = "errors",
        .usage = "[WORKSHOP] [--limit N]",
        .summary = "List the orders in error of one workshop or of all, newest first",
        .example = "pumplinectl errors 'Bennys Auto'",
        .args_max = 1,
        .options = OPTION_BIT(OPTION_LIMIT),
        .run = command_errors,
    },
    {
        .name = "retry",
        .usage = "WORKSHOP [UNIQUEID…] [--worksheet W] [--product P] [--amount A] [--all] "
                 "[--reason CODE] [--confirm] [--yes]",
        .summary = "Retry an order in error, optionally corrected, or many orders",
        .about = "With one UNIQUEID, --worksheet, --product and --amount correct the order, and "
                 "--confirm\naccepts an amount above max_amount. "
                 "Without one, --all,\n--reason, --worksheet and --product select among the orders "
                 "that need attention; on a terminal the\ncommand says how many there are and asks "
                 "first. If their number has changed meanwhile, nothing is\nretried.",
        .example = "pumplinectl retry 'Bennys Auto' --reason worksheet_closed",
        ARGUMENTS(1, CTL_ARGS_MANY),
        .options = CONTENT_BITS | OPTION_BIT(OPTION_ALL) | OPTION_BIT(OPTION_REASON) |
                   OPTION_BIT(OPTION_YES) | OPTION_BIT(OPTION_CONFIRM),
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
        .name = "write-off",
        .usage = "WORKSHOP UNIQUEID --reason spill|test|warranty|other --note TEXT",
        .summary = "Record that an order in error is never billed",
        .about = "It stays in error and needs no attention any more; `retry` undoes it.",
        .example = "pumplinectl write-off 'Bennys Auto' 7f3c --reason spill --note 'hose burst'",
        ARGUMENTS(2, 2),
        .options = OPTION_BIT(OPTION_REASON) | OPTION_BIT(OPTION_NOTE),
        .needed = OPTION_BIT(OPTION_REASON) | OPTION_BIT(OPTION_NOTE),
        .meant = {{"reason", "spill|test|warranty|other", "why it is never billed"},
                  {"note", "TEXT", "what happened; kept in the history"}},
        .run = command_write_off,
    },
    {
        .name = "orders",
        .usage = "[WORKSHOP] [--status placed|processing|created|error] [--attention] "
                 "[--reason CODE] [--worksheet W] [--product P] [--search TEXT] [--from TIME] "
                 "[--to TIME] [--limit N]",
        .summary = "Search the orders of one workshop or of all, newest first",
        .about = "Shows at most 100 orders unless --limit is given. TIME is a day such as "
                 "2026-11-24, or a time such as\n2026-11-24T08:15:30Z.",
        .example = "pumplinectl orders 'Bennys Auto' --attention --search 558",
        .args_max = 1,
        .options = FILTER_BITS | OPTION_BIT(OPTION_LIMIT),
        .run = command_orders,
    },
    {
        .name = "worksheet-orders",
        .usage = "WORKSHOP WORKSHEET [--limit N]",
        .summary = "List the orders of a worksheet, and how many are still open",
        .about = "Run this before invoicing: an open order is neither created nor written "
                 "off.",
        .example = "pumplinectl worksheet-orders 'Bennys Auto' 558",
        ARGUMENTS(2, 2),
        .options = OPTION_BIT(OPTION_LIMIT),
        .run = command_worksheet_orders,
    },
    {
        .name = "report",
        .usage = "[WORKSHOP] [--from TIME] [--to TIME] [--by product|worksheet|day] [--csv]",
        .summary = "Add up amounts by product, worksheet or day",
        .about = "PLACED is the sum of the other columns. Amounts are exact.",
        .example = "pumplinectl report 'Bennys Auto' --from 2026-11-01 --to 2026-11-30",
        .args_max = 1,
        .options = OPTION_BIT(OPTION_FROM) | OPTION_BIT(OPTION_TO) | OPTION_BIT(OPTION_BY) |
                   OPTION_BIT(OPTION_CSV),
        .meant = {{"by", "product|worksheet|day", "what a row is about (default: product)"}},
        .run = command_report,
    },
    {
        .name = "reconcile",
        .usage = "WORKSHOP [--from TIME --to TIME]",
        .summary = "Look created orders up in the ERP again",
        .about = "With --from and --to, starts a reconciliation in the background. Without them, "
                 "shows the\nresult of the last one: lines that are missing or changed, and orders "
                 "that could not be looked up.",
        .example = "pumplinectl reconcile bennys-auto --from 2026-11-01T00:00:00Z --to "
                   "2026-12-01T00:00:00Z",
        ARGUMENTS(1, 1),
        .options = OPTION_BIT(OPTION_FROM) | OPTION_BIT(OPTION_TO),
        .run = command_reconcile,
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
        .usage = "[WORKSHOP] FILE|- [--slug SLUG] [--dry-run]",
        .summary = "Add a workshop, or change its configuration",
        .about = "FILE is a document as in workshops.d; - is stdin. The slug is WORKSHOP or "
                 "--slug; otherwise FILE's\n"
                 "name without .json; otherwise derived from the document's `workshop`. If a "
                 "workshop has this name\n"
                 "or slug, it is changed. If the document has faults, all are reported and nothing "
                 "is changed.\n"
                 "The daemon seals a plaintext password. --dry-run only checks.",
        .example = "pumplinectl add bennys-auto.json",
        ARGUMENTS(1, 2),
        .options = OPTION_BIT(OPTION_SLUG) | OPTION_BIT(OPTION_DRY_RUN),
        .run = command_add,
    },
    {
        .name = "test",
        .usage = "WORKSHOP",
        .summary = "Test the connection to the ERP: reach it, log in, log out",
        .about = "It changes nothing in the ERP. The exit status is 1 if a step failed.",
        .example = "pumplinectl test bennys-auto",
        ARGUMENTS(1, 1),
        .run = command_test,
    },
    {
        .name = "remove",
        .usage = "WORKSHOP [--force]",
        .summary = "Remove a workshop; its queue is archived",
        .about = "Refused while orders are waiting, unless --force is given.",
        .example = "pumplinectl remove bennys-auto",
        ARGUMENTS(1, 1),
        .options = OPTION_BIT(OPTION_FORCE),
        .run = command_remove,
    },
    {
        .name = "activate",
        .usage = "WORKSHOP…|all",
        .summary = "Start a workshop now and whenever the daemon starts",
        .example = "pumplinectl activate bennys-auto",
        ARGUMENTS(1, CTL_ARGS_MANY),
        .run = command_put,
        .put = {.action = "activate",
                .done = "activated",
                .other = "was already active",
                .other_if = true,
                .was = "was_active"},
    },
    {
        .name = "deactivate",
        .usage = "WORKSHOP…|all",
        .summary = "Stop a workshop and do not start it with the daemon",
        .about = "Orders in flight finish first; waiting orders are kept.",
        .example = "pumplinectl deactivate bennys-auto",
        ARGUMENTS(1, CTL_ARGS_MANY),
        .run = command_put,
        .put = {.action = "deactivate",
                .done = "deactivated",
                .other = "was not active",
                .other_if = false,
                .was = "was_active"},
    },
    {
        .name = "seal",
        .usage = "WORKSHOP [--callback] [--password-file FILE|-] [--file FILE] [--config FILE]",
        .summary = "Seal an ERP password, or a callback's secret, for a workshop's file",
        .about = "Prints {\"sealed\": \"…\"}; use this as credentials.password in the workshop's "
                 "file. It is valid only for\n"
                 "this workshop, and only while the file's erp names the same system, host, port, "
                 "ca_file, recipe,\n"
                 "options and browser. With --callback it is the value for callback.secret, valid "
                 "for the scheme, host and\n"
                 "port of callback.url. The command prompts for the secret, or reads it from "
                 "stdin. For a new workshop,\n"
                 "or if erp or callback is about to change, give the slug and --file FILE. With "
                 "--config, root can seal\n"
                 "without the daemon: the command reads the key file itself.",
        .example = "pumplinectl seal bennys-auto",
        ARGUMENTS(1, 1),
        .options = OPTION_BIT(OPTION_PASSWORD_FILE) | OPTION_BIT(OPTION_CONFIG) |
                   OPTION_BIT(OPTION_FILE) | OPTION_BIT(OPTION_CALLBACK),
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
        .name = "user add",
        .usage = "NAME --role reader|manager|operator|admin [--at WORKSHOP] "
                 "[--password-file FILE|-] [--accounts FILE]",
        .summary = "Create an account of the console",
        .about = "Without --password-file the account has no password yet, and a link is printed "
                 "that signs in\nonce. A role includes those before it: reader, manager, "
                 "operator, admin.",
        .example = "pumplinectl user add ann --role manager --at bennys-auto",
        ARGUMENTS(1, 1),
        .options = OPTION_BIT(OPTION_ROLE) | OPTION_BIT(OPTION_AT) |
                   OPTION_BIT(OPTION_PASSWORD_FILE) | OPTION_BIT(OPTION_ACCOUNTS),
        .needed = OPTION_BIT(OPTION_ROLE),
        .no_json = true,
        .run = command_user_add,
    },
    {
        .name = "user link",
        .usage = "NAME [--accounts FILE]",
        .summary = "Print a link that signs in to the console once",
        .about = "Valid for 15 minutes. An earlier link is withdrawn.",
        .example = "pumplinectl user link ann",
        ARGUMENTS(1, 1),
        .options = OPTION_BIT(OPTION_ACCOUNTS),
        .no_json = true,
        .run = command_user_link,
    },
    {
        .name = "user list",
        .usage = "[--accounts FILE]",
        .summary = "List the accounts of the console and their roles",
        .example = "pumplinectl user list",
        .options = OPTION_BIT(OPTION_ACCOUNTS),
        .run = command_user_list,
    },
    {
        .name = "user passwd",
        .usage = "NAME [--password-file FILE|-] [--accounts FILE]",
        .summary = "Set the password of an account, which ends its sessions",
        .example = "pumplinectl user passwd ann",
        ARGUMENTS(1, 1),
        .options = OPTION_BIT(OPTION_PASSWORD_FILE) | OPTION_BIT(OPTION_ACCOUNTS),
        .no_json = true,
        .run = command_user_passwd,
    },
    {
        .name = "user remove",
        .usage = "NAME [--accounts FILE]",
        .summary = "Remove an account of the console, which ends its sessions",
        .example = "pumplinectl user remove ann",
        ARGUMENTS(1, 1),
        .options = OPTION_BIT(OPTION_ACCOUNTS),
        .no_json = true,
        .run = command_user_remove,
    },
    {
        .name = "user role",
        .usage = "NAME --role reader|manager|operator|admin|none [--at WORKSHOP] "
                 "[--accounts FILE]",
        .summary = "Change the role of an account for one workshop or for all",
        .about = "--role none removes the role. If an account has a role for all workshops and one "
                 "for this workshop,\n"
                 "the higher one applies.",
        .example = "pumplinectl user role ann --role reader",
        ARGUMENTS(1, 1),
        .options = OPTION_BIT(OPTION_ROLE) | OPTION_BIT(OPTION_AT) | OPTION_BIT(OPTION_ACCOUNTS),
        .needed = OPTION_BIT(OPTION_ROLE),
        .meant = {{"role", "reader|manager|operator|admin|none",
                   "what the account may do; none removes the role"}},
        .no_json = true,
        .run = command_user_role,
    },
    {
        .name = "recipe check",
        .usage = "FILE",
        .summary = "Check a recipe for the web pages or the HTTP API of an ERP",
        .about = "Reports every fault with its JSON pointer. Notes on a valid recipe say which "
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
        .about = "The same as share/pumpline/recipes/recipe.schema.json. recipe check reports more "
                 "faults.",
        .example = "pumplinectl recipe schema > recipe.schema.json",
        .run = command_recipe_schema,
    },
    {
        .name = "recipe run",
        .usage =
            "FILE --workshop WORKSHOP --order JSON|FILE [--until commit|end] [--show] "
            "[--folder DIR] [--record FILE] [--config FILE] [--username U --password-file FILE|-]",
        .summary = "Try a recipe step by step",
        .about =
            "Logs in as the workshop's user and stops before the commit, with the time and the "
            "variables of each\n"
            "step and, of web pages, a screenshot. Only --until stores a line. Needs neither "
            "daemon nor queue, "
            "but you must be\n"
            "allowed to read pumpline.json, and the key file if the workshop's password is sealed.",
        .example = "pumplinectl recipe run our-erp.json --workshop bennys-auto --order order.json",
        ARGUMENTS(1, 1),
        .options = OPTION_BIT(OPTION_WORKSHOP) | OPTION_BIT(OPTION_ORDER) |
                   OPTION_BIT(OPTION_UNTIL) | OPTION_BIT(OPTION_SHOW) | OPTION_BIT(OPTION_FOLDER) |
                   OPTION_BIT(OPTION_RECORD) | OPTION_BIT(OPTION_CONFIG) |
                   OPTION_BIT(OPTION_USERNAME) | OPTION_BIT(OPTION_PASSWORD_FILE),
        .needed = OPTION_BIT(OPTION_WORKSHOP) | OPTION_BIT(OPTION_ORDER),
        .no_json = true,
        .run = command_recipe_run,
    },
    {
        .name = "recipe test",
        .usage = "FILE DIALOGUE...",
        .summary = "Replay recorded exchanges against a recipe for an HTTP API",
        .about = "Reports the first exchange in which the recipe sends another request or ends "
                 "differently. Needs\n"
                 "neither daemon nor ERP. share/pumpline/recipes/API.md explains dialogues.",
        .example = "pumplinectl recipe test our-erp.json dialogues/*.json",
        .args_min = 2,
        .args_max = CTL_ARGS_MANY,
        .no_json = true,
        .run = command_recipe_test,
    },
    {
        .name = "schema",
        .usage = "daemon|workshop",
        .summary = "Print the JSON schema of a configuration file, for editors",
        .about = "For pumpline.json (daemon) or a workshop's file (workshop). share/pumpline "
                 "contains both:\n"
                 "pumpline.schema.json and workshop.schema.json. pumplined -n reports more faults.",
        .example = "pumplinectl schema workshop > workshop.schema.json",
        ARGUMENTS(1, 1),
        .run = command_schema,
    },
    {
        .name = "rekey",
        .usage = "",
        .summary = "Replace the master key and reseal everything with the new one",
        .about =
            "Each workshop stops briefly in turn. If the command is interrupted, run it again: "
            "it resumes.",
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
        .name = "audit",
        .usage = "[WORKSHOP] [--by NAME] [--from TIME] [--to TIME] [--limit N]",
        .summary = "Show who changed what, with which result: the last 50 changes, or N",
        .about = "Newest first. NAME is a user, a token or a person at a console. TIME is as in\n"
                 "2026-11-24T08:15:30Z. STATE_DIR/audit.jsonl has one line of JSON per change.",
        .example = "pumplinectl audit bennys-auto --by ann",
        .args_max = 1,
        .options = OPTION_BIT(OPTION_BY) | OPTION_BIT(OPTION_FROM) | OPTION_BIT(OPTION_TO) |
                   OPTION_BIT(OPTION_LIMIT),
        .run = command_audit,
    },
    {
        .name = "logs",
        .usage = "WORKSHOP [--follow] [--limit N]",
        .summary = "Show the last lines of a workshop's log: 50, or N",
        .about = "Runs tail on the files in log_dir, or journalctl if there is no log_dir.",
        .example = "pumplinectl logs bennys-auto -f",
        ARGUMENTS(1, 1),
        .options = OPTION_BIT(OPTION_FOLLOW) | OPTION_BIT(OPTION_LIMIT),
        .no_json = true,
        .run = command_logs,
    },
    {
        .name = "metrics",
        .usage = "",
        .summary = "Print the daemon's metrics as OpenMetrics text",
        .about = "For a textfile collector, since the daemon does not listen on a TCP port.",
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
