#include "supervisor/ctl/tables/tables.h"

static const struct command commands[] = {
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
        .about = "Logs in as the workshop's user and stops before the commit, showing the time and "
                 "variables of each\nstep and, for web pages, a screenshot. Only --until stores a "
                 "line. Needs neither daemon nor queue,\nbut you must be allowed to read "
                 "pumpline.json, and the key file if the workshop's password is\nsealed.",
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
                 "differently. Needs\nneither daemon nor ERP. share/pumpline/recipes/API.md "
                 "explains dialogues. Exits with 65 if the\nrecipe is invalid, describes web "
                 "pages, or cannot be read, and with 1 if a dialogue deviates.",
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
};

const struct command_group tables_recipes = {"Recipes and schemas", commands,
                                             sizeof commands / sizeof *commands};
