/* The command line: the options, how words and options are parsed, and what is wrong with them. */
#include "supervisor/ctl/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/json/similar.h"
#include "supervisor/ctl/term/text.h"

static const struct option_def option_defs[OPTION_COUNT] = {
    [OPTION_SOCKET] = {"socket", "PATH", "control socket (default: " CTL_DEFAULT_SOCKET ")"},
    [OPTION_JSON] = {"json", NULL, "print the daemon's reply as one JSON object"},
    [OPTION_HELP] = {"help", NULL, "show this help, or the help of a command"},
    [OPTION_VERSION] = {"version", NULL, "show the version"},
    [OPTION_LIMIT] = {"limit", "N", "show at most N orders or lines"},
    [OPTION_WORKSHEET] = {"worksheet", "W", "worksheet number"},
    [OPTION_PRODUCT] = {"product", "P", "product number"},
    [OPTION_AMOUNT] = {"amount", "A", "amount, an exact decimal such as 4.5"},
    [OPTION_ID] = {"id", "UNIQUEID", "uniqueid of the order (default: random)"},
    [OPTION_USERNAME] = {"username", "U", "ERP user (default: as configured)"},
    [OPTION_PASSWORD_FILE] = {"password-file", "FILE",
                              "read the password from the first line of FILE (- is stdin)"},
    [OPTION_PASSWORD] = {"password", "", NULL},
    [OPTION_HISTORY] = {"history", NULL, "show every change of its state instead"},
    [OPTION_NOTE] = {"note", "TEXT", "what was done by hand; kept in the history"},
    [OPTION_WATCH] = {"watch", NULL, "keep running and show every change"},
    [OPTION_SLUG] = {"slug", "SLUG", "name of the workshop in paths: a-z, 0-9 and -"},
    [OPTION_FORCE] = {"force", NULL, "remove it even if orders are waiting"},
    [OPTION_CONFIG] = {"config", "FILE", "the daemon's pumpline.json (also -c FILE)"},
    [OPTION_FILE] = {"file", "FILE", "use this workshop file instead of the installed one"},
    [OPTION_SCOPE] = {"scope", "order|manage",
                      "what the token allows: place orders and read, or everything"},
    [OPTION_NAME] = {"name", "NAME", "name of the token (default: generated)"},
    [OPTION_WORKSHOP] = {"workshop", "WORKSHOP",
                         "workshop whose ERP, options and credentials to use"},
    [OPTION_ORDER] = {"order", "JSON|FILE",
                      "{\"worksheet\": …, \"product_nr\": …, \"product_amount\": …}"},
    [OPTION_UNTIL] = {"until", "commit|end",
                      "continue: store the line (commit), or also compare it (end)"},
    [OPTION_SHOW] = {"show", NULL, "show the browser window"},
    [OPTION_FOLDER] = {"folder", "DIR", "folder for the run's files (default: recipe-run)"},
    [OPTION_RECORD] = {"record", "FILE", "keep the exchanges with an API here, for recipe test"},
    [OPTION_YES] = {"yes", NULL, "do not ask, even on a terminal"},
    [OPTION_FOLLOW] = {"follow", NULL, "show new lines as they are written (also -f)"},
    [OPTION_DRY_RUN] = {"dry-run", NULL, "check only; change nothing"},
    [OPTION_BY] = {"by", "NAME", "only what this user, token or person did"},
    [OPTION_FROM] = {"from", "TIME", "from this time on, such as 2026-11-24T08:15:30Z"},
    [OPTION_TO] = {"to", "TIME", "up to this time"},
    [OPTION_ROLE] = {"role", "reader|manager|operator|admin", "what the account may do"},
    [OPTION_AT] = {"at", "WORKSHOP", "slug of the workshop that the role is for (default: all)"},
    [OPTION_ACCOUNTS] = {"accounts", "FILE",
                         "the console's accounts_file (default: the installed console's)"},
    [OPTION_ALL] = {"all", NULL, "all orders that need attention"},
    [OPTION_REASON] = {"reason", "CODE", "orders with this reason code"},
    [OPTION_STATUS] = {"status", "placed|processing|created|error", "orders with this status"},
    [OPTION_ATTENTION] = {"attention", NULL, "orders that need attention"},
    [OPTION_SEARCH] = {"search", "TEXT", "orders with this text in uniqueid, worksheet or product"},
    [OPTION_CSV] = {"csv", NULL, "print CSV"},
    [OPTION_CONFIRM] = {"confirm", NULL, "accept an amount above max_amount"},
    [OPTION_KEEP] = {"keep", "N", "remove all but the newest N backups"},
    [OPTION_CALLBACK] = {"callback", NULL, "the secret of the callback, not the ERP password"},
    [OPTION_COMMANDS] = {"commands", NULL, NULL},
};

const struct option_def *
option_of(const struct command *command, enum ctl_option option)
{
    const struct option_def *def = &option_defs[option];

    for (size_t i = 0; command && i < sizeof command->meant / sizeof *command->meant; i++)
        if (command->meant[i].name && strcmp(command->meant[i].name, def->name) == 0)
            return &command->meant[i];
    return def;
}

static void
take_word(struct words *words, const char *word)
{
    words->items[words->count++] = word;
}

/* argument is where getopt stopped. A value after '=' is not printed: it may be a secret. */
static int
complain_option(int found, const char *argument)
{
    const char *word = argument + strspn(argument, "-");
    char *name = mem_format("%.*s", (int)strcspn(word, "="), word);
    struct similar similar = {.word = name};

    for (size_t i = 0; found != ':' && i < OPTION_COUNT; i++)
        similar_try(&similar, option_defs[i].help ? option_defs[i].name : NULL);
    if (similar.best)
        text_complain("unknown option --%s; did you mean --%s?", name, similar.best);
    else
        text_complain("%s --%s; see pumplinectl --help",
                      found == ':' ? "missing value for option" : "unknown option", name);
    free(name);
    return CTL_USAGE;
}

int
options_read(struct ctl *ctl, struct words *words, int argc, char **argv)
{
    struct option longs[OPTION_COUNT + 1] = {0};
    int found;

    for (size_t i = 0; i < OPTION_COUNT; i++)
        longs[i] = (struct option){option_defs[i].name,
                                   option_defs[i].value ? required_argument : no_argument, NULL,
                                   256 + (int)i};
    words->items = mem_alloc((size_t)argc * sizeof *words->items);
    opterr = 0;
    /* '-': words are returned in order even under POSIXLY_CORRECT; ':': distinguishes a missing
     * value from an unknown option. */
    while ((found = getopt_long(argc, argv, "-:hfc:", longs, NULL)) != -1) {
        if (found == 1)
            take_word(words, optarg);
        else if (found == 'h')
            ctl->options[OPTION_HELP] = "";
        else if (found == 'f')
            ctl->options[OPTION_FOLLOW] = "";
        else if (found == 'c')
            ctl->options[OPTION_CONFIG] = optarg;
        else if (found >= 256)
            ctl->options[found - 256] = optarg ? optarg : "";
        else
            return complain_option(found, argv[optind - 1]);
    }
    for (; optind < argc; optind++)
        take_word(words, argv[optind]);
    return CTL_OK;
}

static int
check_options(const struct ctl *ctl)
{
    const struct command *command = ctl->command;

    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const char *name = option_defs[i].name;

        if (ctl->options[i] && !((command->options | OPTIONS_GLOBAL) & OPTION_BIT(i))) {
            text_complain("%s does not accept --%s; see pumplinectl %s --help", command->name, name,
                          command->name);
            return CTL_USAGE;
        }
        if (!ctl->options[i] && (command->needed & OPTION_BIT(i))) {
            text_complain("%s requires --%s; see pumplinectl %s --help", command->name, name,
                          command->name);
            return CTL_USAGE;
        }
    }
    return CTL_OK;
}

static bool
is_limit(const char *text)
{
    return strspn(text, "0123456789") == strlen(text) && strlen(text) <= 9 &&
           strtol(text, NULL, 10) > 0;
}

int
options_check(const struct ctl *ctl)
{
    static const enum ctl_option numbers[] = {OPTION_LIMIT, OPTION_KEEP};
    const struct command *command = ctl->command;

    if (ctl->options[OPTION_PASSWORD]) {
        text_complain("other users can see a password on the command line: use --password-file");
        return CTL_USAGE;
    }
    if (ctl->args_count < command->args_min || ctl->args_count > command->args_max) {
        text_complain("usage: pumplinectl %s%s%s", command->name, *command->usage ? " " : "",
                      command->usage);
        return CTL_USAGE;
    }
    for (size_t i = 0; i < ctl->args_count; i++)
        if (*ctl->args[i] == '\0') {
            text_complain("%s does not accept an empty argument", command->name);
            return CTL_USAGE;
        }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (ctl->options[numbers[i]] && !is_limit(ctl->options[numbers[i]])) {
            text_complain("--%s must be a whole number, at least 1", option_defs[numbers[i]].name);
            return CTL_USAGE;
        }
    if (ctl->options[OPTION_JSON] && command->no_json) {
        text_complain("%s does not support --json", command->name);
        return CTL_USAGE;
    }
    return check_options(ctl);
}
