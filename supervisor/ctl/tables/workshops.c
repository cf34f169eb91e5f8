#include "supervisor/ctl/tables/tables.h"

static const struct command commands[] = {
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
        .about =
            "Prints {\"sealed\": \"…\"}; use this as credentials.password in the workshop's file. "
            "It is valid only\nfor this workshop, and only while the file's erp names the same "
            "system, host, port, ca_file, recipe,\noptions and browser. With --callback it is the "
            "value for callback.secret, valid for the scheme, host\nand port of callback.url. The "
            "command prompts for the secret, or reads it from stdin. For a new\nworkshop, or if "
            "erp or callback is about to change, give the slug and --file FILE. With "
            "--config,\nroot can seal without the daemon: the command reads the key file itself.",
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
};

const struct command_group tables_workshops = {"Configuration of workshops", commands,
                                               sizeof commands / sizeof *commands};
