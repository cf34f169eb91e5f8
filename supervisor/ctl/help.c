/* The layout of the help; the texts are in tables/ and options.c. */
#include "supervisor/ctl/help.h"

#include <stdio.h>
#include <string.h>

#include "supervisor/ctl/options.h"

/* command NULL: of the program. */
static void
print_options(const struct command *command, uint64_t wanted)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option_def *option = option_of(command, (enum ctl_option)i);
        int used = 0;

        if (!(wanted & OPTION_BIT(i)) || !option->help)
            continue;
        used = printf("  --%s%s%s", option->name, option->value ? " " : "",
                      option->value ? option->value : "");
        if (used >= 26)
            used = printf("\n") - 1;
        printf("%*s%s\n", 26 - used, "", option->help);
    }
}

static void
print_exit_status(void)
{
    puts("\n"
         "Exit status:\n"
         "  0  success\n"
         "  1  refused, or failed; stderr says why\n"
         "  2  invalid command line, or file that it names; nothing was sent to the daemon\n"
         "  3  cannot reach the daemon, or its reply is invalid");
}

void
help_program(void)
{
    const struct command_group *group;

    puts("Usage: pumplinectl [OPTIONS] COMMAND [ARGUMENTS]\n"
         "\n"
         "Show and control a running pumplined. WORKSHOP is a name or slug; quote names with "
         "spaces.");
    for (size_t i = 0; (group = command_group_at(i)); i++) {
        printf("\n%s:\n", group->title);
        for (size_t k = 0; k < group->count; k++)
            printf("  %-17s%s\n", group->commands[k].name, group->commands[k].summary);
    }
    puts("\nOptions, before or after the command:");
    print_options(NULL, OPTIONS_GLOBAL);
    puts("\n"
         "Environment:\n"
         "  PUMPLINE_SOCKET         control socket, if --socket is not given\n"
         "  NO_COLOR                disable colours on a terminal");
    print_exit_status();
    puts("\n"
         "Examples:\n"
         "  pumplinectl status\n"
         "  pumplinectl errors 'Bennys Auto'\n"
         "  pumplinectl order --help\n"
         "\n"
         "See man pumplinectl for details.");
}

static uint64_t
global_options(const struct command *command)
{
    return command->no_json ? OPTIONS_GLOBAL & ~OPTION_BIT(OPTION_JSON) : OPTIONS_GLOBAL;
}

void
help_command(const struct command *command)
{
    printf("Usage: pumplinectl [OPTIONS] %s%s%s\n\n%s.\n", command->name,
           *command->usage ? " " : "", command->usage, command->summary);
    if (command->about)
        printf("%s\n", command->about);
    puts("\nOptions:");
    print_options(command, command->options);
    print_options(command, global_options(command));
    printf("\nExample:\n  %s\n", command->example);
    print_exit_status();
}

/* The part of the usage before the options. */
static int
arguments_length(const char *usage)
{
    int length = 0;

    while (usage[length] && strncmp(usage + length, "--", 2) && strncmp(usage + length, "[--", 3))
        length++;
    while (length && usage[length - 1] == ' ')
        length--;
    return length;
}

static void
list_options(const struct command *command, uint64_t wanted)
{
    const char *between = "";

    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option_def *option = option_of(command, (enum ctl_option)i);

        if (!(wanted & OPTION_BIT(i)) || !option->help)
            continue;
        printf("%s--%s%s%s", between, option->name, option->value ? "=" : "",
               option->value ? option->value : "");
        between = " ";
    }
}

void
help_list(void)
{
    const struct command *command;

    for (size_t i = 0; (command = command_at(i)); i++) {
        printf("%s\t%.*s\t", command->name, arguments_length(command->usage), command->usage);
        list_options(command, command->options | global_options(command));
        putchar('\n');
    }
}
