#include "supervisor/ctl/tables/tables.h"

static const struct command commands[] = {
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

const struct command_group tables_daemon = {"The daemon", commands,
                                            sizeof commands / sizeof *commands};
