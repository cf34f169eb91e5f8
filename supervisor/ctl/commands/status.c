/* The command status. */
#include "supervisor/ctl/commands/status.h"
#include "common/base/err.h"
#include "supervisor/ctl/term/text.h"

int
command_status(struct ctl *ctl)
{
    if (ctl->options[OPTION_WATCH])
        return status_watch(ctl);
    if (ctl->args_count == 0)
        return ctl_run(ctl, "GET", mem_string("/health"), NULL, status_print_all);
    return ctl_run(ctl, "GET", ctl_path(ctl, NULL), NULL, status_print_one);
}
