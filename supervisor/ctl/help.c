/* Owns the help texts' layout; the words are in the tables of main.c. */
#include <stdio.h>

#include "supervisor/ctl/ctl.h"

static void
print_options(const struct option_def *options, unsigned wanted)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option_def *option = &options[i];
        int used = 0;

        if (!(wanted & OPTION_BIT(i)) || !option->help)
            continue;
        used = printf("  --%s%s%s", option->name, option->value ? " " : "",
                      option->value ? option->value : "");
        printf("%*s%s\n", used < 26 ? 26 - used : 1, "", option->help);
    }
}

static void
print_exit_status(void)
{
    puts("\nExit status:\n"
         "  0  done\n"
         "  1  the daemon refused; the reason is on stderr\n"
         "  2  the command line is wrong; nothing was asked of the daemon\n"
         "  3  the daemon was not reached, or gave no answer that makes sense");
}

void
help_program(const struct command *commands, size_t count, const struct option_def *options)
{
    puts("Usage: pumplinectl [OPTIONS] COMMAND [ARGUMENTS]\n\n"
         "Looks at and steers a running pumplined. WORKSHOP is a name or a slug; quote a name "
         "with spaces.\n\nCommands:");
    for (size_t i = 0; i < count; i++)
        printf("  %-14s%s\n", commands[i].name, commands[i].summary);
    puts("\nOptions, before or after the command:");
    print_options(options, OPTIONS_GLOBAL);
    puts("\nEnvironment:\n"
         "  PUMPLINE_SOCKET         the daemon's control socket, where --socket does not say it\n"
         "  NO_COLOR                no colours, even on a terminal");
    print_exit_status();
    puts("\nExamples:\n"
         "  pumplinectl status\n"
         "  pumplinectl errors 'Bennys Auto'\n"
         "  pumplinectl order --help");
}

void
help_command(const struct command *command, const struct option_def *options)
{
    printf("Usage: pumplinectl [OPTIONS] %s%s%s\n\n%s.\n", command->name,
           *command->usage ? " " : "", command->usage, command->summary);
    if (command->about)
        printf("%s\n", command->about);
    puts("\nOptions:");
    print_options(options, command->options);
    print_options(options, OPTIONS_GLOBAL);
    printf("\nExample:\n  %s\n", command->example);
    print_exit_status();
}
