/* pumplinectl: a client of the control API for people and scripts. From the command line to a
 * command's function and its exit status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/secret.h"
#include "common/json/similar.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/help.h"
#include "supervisor/ctl/net/client.h"
#include "supervisor/ctl/options.h"
#include "supervisor/ctl/term/text.h"

/* How many words form the command's name, which may be quoted; 0 if they are another's. */
static size_t
name_words(const struct command *command, const struct words *words)
{
    const char *space = strchr(command->name, ' ');
    size_t length = space ? (size_t)(space - command->name) : 0;

    if (words->count > 0 && strcmp(words->items[0], command->name) == 0)
        return 1;
    if (!space || words->count < 2 || strlen(words->items[0]) != length ||
        strncmp(words->items[0], command->name, length))
        return 0;
    return strcmp(words->items[1], space + 1) == 0 ? 2 : 0;
}

/* Finds the command; the words after it become its arguments. */
static void
find_command(struct ctl *ctl, const struct words *words)
{
    const struct command *command;
    size_t used = 0;

    for (size_t i = 0; !ctl->command && (command = command_at(i)); i++)
        if ((used = name_words(command, words)))
            ctl->command = command;
    ctl->args_count = words->count - used;
    ctl->args = words->items + used;
}

static int
run_command(struct ctl *ctl)
{
    const char *path = ctl->options[OPTION_SOCKET];
    int result = options_check(ctl);

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

static void
complain_command(const char *word)
{
    struct similar similar = {.word = word};
    const struct command *command;

    for (size_t i = 0; (command = command_at(i)); i++)
        similar_try(&similar, command->name);
    if (similar.best)
        text_complain("unknown command: %s; did you mean %s?", word, similar.best);
    else
        text_complain("unknown command: %s; see pumplinectl --help", word);
}

/* "check, run, schema, test", which may follow this word; NULL: it is a command, or unknown. The
 * caller frees it. */
static char *
subcommands(const char *word)
{
    const struct command *command;
    size_t length = strlen(word);
    char *list = NULL, *longer;

    for (size_t i = 0; (command = command_at(i)); i++) {
        const char *name = command->name;

        if (strncmp(name, word, length) || name[length] != ' ')
            continue;
        longer = mem_format("%s%s%s", list ?: "", list ? ", " : "", name + length + 1);
        free(list);
        list = longer;
    }
    return list;
}

static int
no_command(const struct words *words)
{
    const char *word = words->count ? words->items[0] : NULL;
    char *list = word ? subcommands(word) : NULL;

    if (list)
        text_complain("%s requires a subcommand: %s; see pumplinectl --help", word, list);
    else if (word)
        complain_command(word);
    else
        text_complain("missing command; see pumplinectl --help");
    free(list);
    return CTL_USAGE;
}

/* `help COMMAND` is `COMMAND --help`. */
static void
take_help(struct ctl *ctl, struct words *words)
{
    bool of_itself = words->count == 1 && ctl->options[OPTION_HELP];

    if (!words->count || strcmp(words->items[0], "help") || of_itself)
        return;
    ctl->options[OPTION_HELP] = "";
    words->count--;
    memmove(words->items, words->items + 1, words->count * sizeof *words->items);
}

/* Help and version need neither a daemon nor a complete command line. */
static int
dispatch(struct ctl *ctl, struct words *words)
{
    take_help(ctl, words);
    if (ctl->options[OPTION_VERSION])
        puts("pumplinectl " PUMPLINE_VERSION);
    else if (ctl->options[OPTION_COMMANDS])
        help_list();
    else if (!words->count && ctl->options[OPTION_HELP])
        help_program();
    else {
        find_command(ctl, words);
        if (!ctl->command)
            return no_command(words);
        if (!ctl->options[OPTION_HELP])
            return run_command(ctl);
        help_command(ctl->command);
    }
    return CTL_OK;
}

int
main(int argc, char **argv)
{
    struct ctl ctl = {0};
    struct words words = {0};

    secret_start();
    text_init();
    int result = options_read(&ctl, &words, argc, argv);

    if (result == CTL_OK)
        result = dispatch(&ctl, &words);
    if ((fflush(stdout) != 0 || ferror(stdout)) && result == CTL_OK) {
        text_complain("cannot write to stdout");
        result = CTL_REFUSED;
    }
    free(words.items);
    return result;
}
