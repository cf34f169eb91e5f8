#include "supervisor/ctl/tables/tables.h"

static const struct command commands[] = {
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
};

const struct command_group tables_users = {"Users of the console", commands,
                                           sizeof commands / sizeof *commands};
