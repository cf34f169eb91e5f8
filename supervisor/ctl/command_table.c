/* The commands of pumplinectl, one row each in a table of their group. The texts are those of the
 * help; the manual page follows them. */
#include "supervisor/ctl/tables/tables.h"

const struct command_group *
command_group_at(size_t i)
{
    static const struct command_group *const groups[] = {
        &tables_processes, &tables_copies,  &tables_orders, &tables_workshops,
        &tables_users,     &tables_recipes, &tables_daemon};

    return i < sizeof groups / sizeof *groups ? groups[i] : NULL;
}

const struct command *
command_at(size_t i)
{
    const struct command_group *group;

    for (size_t k = 0; (group = command_group_at(k)); k++) {
        if (i < group->count)
            return &group->commands[i];
        i -= group->count;
    }
    return NULL;
}
