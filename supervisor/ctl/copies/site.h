/* What belongs to one pumplined on this machine: its folders, its key, and whether it runs. */
#ifndef SUPERVISOR_CTL_COPIES_SITE_H
#define SUPERVISOR_CTL_COPIES_SITE_H

#include "common/config/config.h"
#include "supervisor/ctl/ctl.h"

struct site {
    const char *file;            /* --config, or the installed pumpline.json */
    struct daemon_config config; /* its paths */
    int lock;  /* that of state_dir, which keeps pumplined from starting; -1: it runs */
    uid_t uid; /* the owner of state_dir: the daemon's user */
    gid_t gid;
};

/* Reads the paths, creates state_dir if it is missing, and points ctl's client at the daemon's
 * socket unless --socket is given. CTL_OK, or an exit status after reporting why. */
int site_open(struct ctl *ctl, struct site *site);
void site_close(struct site *site);

static inline bool
site_runs(const struct site *site)
{
    return site->lock < 0;
}

/* Paths, for the caller to free. */
char *site_queue(const struct site *site, const char *slug);
char *site_file(const struct site *site, const char *slug);

/* Gives a path that this program made as root to the daemon's user. -1 with errno. */
int site_give(const struct site *site, const char *path);

/* Takes the lock that a process holds as long as it uses the queue, and waits for it: a worker may
 * run by itself. *lock: the descriptor to be closed, or -1 if there is no queue.
 * -1 after reporting why. */
int site_lock_queue(const struct site *site, const char *slug, int *lock);

/* The fingerprints of the keys in key_file, as a list; empty without a usable key. The caller owns
 * it. */
json_t *site_keys(const struct site *site, bool complain);

/* The view of a workshop of the running daemon, in *view for the caller to json_decref: NULL if it
 * has no such workshop. CTL_OK, or an exit status after reporting why. */
int site_view(struct ctl *ctl, const char *slug, json_t **view);

#endif
