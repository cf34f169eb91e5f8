/* Which backups go. Nothing else in the folder is touched. */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "supervisor/ctl/copies/backup.h"
#include "supervisor/ctl/term/text.h"

static int
is_unfinished(const struct dirent *entry)
{
    return fnmatch("." CLOCK_STAMP_MS_PATTERN, entry->d_name, 0) == 0;
}

static int
is_backup(const struct dirent *entry)
{
    return fnmatch(CLOCK_STAMP_MS_PATTERN, entry->d_name, 0) == 0;
}

/* All but the last `keep` of those that are chosen, in the order of time. */
static int
remove_but(const char *directory, int (*chosen)(const struct dirent *entry), size_t keep)
{
    struct dirent **entries = NULL;
    int count = scandir(directory, &entries, chosen, alphasort), result = count < 0 ? -1 : 0;

    for (int i = 0; i < count; i++) {
        char *path = mem_format("%s/%s", directory, entries[i]->d_name);

        if ((size_t)i + keep < (size_t)count && copy_remove_folder(path)) {
            text_complain("cannot remove %s: %s", path, strerror(errno));
            result = -1;
        }
        free(path);
        free(entries[i]);
    }
    free(entries);
    return result;
}

int
backup_rotate(const char *directory, size_t keep)
{
    return remove_but(directory, is_unfinished, 0) ||
                   (keep && remove_but(directory, is_backup, keep))
               ? -1
               : 0;
}
