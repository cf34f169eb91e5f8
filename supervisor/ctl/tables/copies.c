#include "supervisor/ctl/tables/tables.h"

static const struct command commands[] = {
    {
        .name = "backup",
        .usage = "WORKSHOP FILE | --all DIR [--keep N] [--config FILE]",
        .summary = "Copy the live queue, consistently, to a new file; or all workshops to a folder",
        .about = "Run this as root or as the daemon's user. With --all, the backup is a new folder "
                 "in DIR, named by\nthe time. It contains the queue and the file of each workshop, "
                 "running or not, the recipes and\npumpline.json, but not the master key. Restore "
                 "it with `restore`. --keep N then removes all but the\nnewest N backups. To "
                 "restore a single FILE, stop the workshop and "
                 "replace\nSTATE_DIR/queues/SLUG/data.mdb with it. Orders accepted after the copy "
                 "are lost. Orders that were\nwaiting are sent again after a look-up by uniqueid, "
                 "but the file driver writes a file again if the\nimporter has already taken it.",
        .example = "pumplinectl backup --all /var/backups/pumpline --keep 14",
        ARGUMENTS(1, 2),
        .options = OPTION_BIT(OPTION_ALL) | OPTION_BIT(OPTION_KEEP) | OPTION_BIT(OPTION_CONFIG),
        .meant = {{"all", NULL, "all workshops, running or not"}},
        .run = command_backup,
    },
    {
        .name = "restore",
        .usage = "DIR [SLUG] [--config FILE] [--yes]",
        .summary = "Restore all workshops, or one, from a backup made with --all",
        .about =
            "DIR is the backup's folder, named by its time. Run this as root, with pumplined "
            "stopped or the\nworkshops inactive; a running daemon loads the files at once. First "
            "put the master key of that time\nat key_file. The previous queues and files are moved "
            "to STATE_DIR/removed. Orders accepted after the\nbackup are missing; if they are "
            "placed again, their lines are found in the ERP and not created\ntwice. A workshop "
            "with the file driver stays inactive until you have compared its orders with the\nERP.",
        .example = "pumplinectl restore /var/backups/pumpline/20261129T021500.000Z",
        ARGUMENTS(1, 2),
        .options = OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_YES),
        .no_json = true,
        .run = command_restore,
    },
    {
        .name = "move-out",
        .usage = "SLUG DIR [--config FILE] [--yes]",
        .summary = "Stop a workshop on this machine for good and write it to a folder for another",
        .about = "Orders in flight finish first; waiting orders move with the queue. Once the "
                 "command has begun, this\nmachine never starts the workshop again, even after a "
                 "crash. If the command is interrupted, repeat\nit. `move-in` of the folder starts "
                 "the workshop again, there or here. Run this as root.",
        .example = "pumplinectl move-out bennys-auto /mnt/shared/bennys-auto",
        ARGUMENTS(2, 2),
        .options = OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_YES),
        .no_json = true,
        .run = command_move_out,
    },
    {
        .name = "move-in",
        .usage = "DIR [--config FILE] [--yes]",
        .summary = "Take over a workshop from a folder written by move-out, and start it",
        .about = "A folder can be moved in only once: it records which machine took it. Between "
                 "machines, move the\nfolder; do not copy it, because a copy does not record that "
                 "the other one was used. Both machines\nneed the same master key. If the command "
                 "is interrupted, repeat it. Run this as root.",
        .example = "pumplinectl move-in /mnt/shared/bennys-auto",
        ARGUMENTS(1, 1),
        .options = OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_YES),
        .no_json = true,
        .run = command_move_in,
    },
};

const struct command_group tables_copies = {"Backups and moves", commands,
                                            sizeof commands / sizeof *commands};
