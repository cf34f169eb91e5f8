/* pumplinectl move-out: fence, drain, copy. The fence is on disk before anything else: whatever
 * dies from then on, this machine does not start the workshop again, and repeating the command goes
 * on. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/disk.h"
#include "common/base/secret.h"
#include "common/config/parts.h"
#include "supervisor/ctl/copies/backup.h"
#include "supervisor/ctl/copies/move.h"
#include "supervisor/ctl/term/text.h"

struct out {
    struct ctl *ctl;
    struct site site;
    const char *slug;
    char *folder;  /* absolute */
    char *partial; /* while it is filled */
    char id[SECRET_HASH_TEXT_BYTES];
};

/* The folder need not exist, but the one above it must. The caller frees it; NULL after reporting
 * why. */
static char *
absolute(const char *path)
{
    char *copy = mem_string(path), real[PATH_MAX], *slash, *result = NULL;

    while (strlen(copy) > 1 && copy[strlen(copy) - 1] == '/')
        copy[strlen(copy) - 1] = '\0';
    slash = strrchr(copy, '/');
    if (slash)
        *slash = '\0';
    if (!realpath(!slash ? "." : *copy ? copy : "/", real))
        text_complain("%s: %s", path, strerror(errno));
    else
        result = mem_format("%s/%s", strcmp(real, "/") ? real : "", slash ? slash + 1 : copy);
    free(copy);
    return result;
}

static void
new_id(char id[SECRET_HASH_TEXT_BYTES])
{
    unsigned char random[SECRET_KEY_BYTES];

    secret_random(random, sizeof random);
    secret_key_text(random, id);
}

/* By the daemon, which stops the process; without it, in the file. An exit status. */
static int
fence(struct out *out, const json_t *moved)
{
    json_t *document, *view = NULL, *reply = NULL;
    int result;

    if (!site_runs(&out->site)) {
        document = move_document(&out->site, out->slug);
        json_object_set_new(document, "active", json_false());
        json_object_set(document, "moved_out", (json_t *)moved);
        result = document && move_write_document(&out->site, out->slug, document) == 0
                     ? CTL_OK
                     : CTL_REFUSED;
        json_decref(document);
        return result;
    }
    result = ctl_call(out->ctl, "GET", mem_format("/workshops/%s", out->slug), NULL, &view);
    if (result != CTL_OK)
        return result;
    document = json_object_get(view, "configuration");
    json_object_set_new(document, "active", json_false());
    json_object_set(document, "moved_out", (json_t *)moved);
    result = ctl_call(out->ctl, "PUT", mem_format("/workshops/%s", out->slug), document, &reply);
    json_decref(reply);
    json_decref(view);
    return result;
}

/* The fence that is there, if it is for this folder, else a new one. NULL after reporting why. */
static json_t *
choose_fence(struct out *out, const json_t *document)
{
    const json_t *there = json_object_get(document, "moved_out");
    const char *to = json_string_value(json_object_get(there, "to")),
               *id = json_string_value(json_object_get(there, "id"));
    char at[CLOCK_TEXT_BYTES];

    if (there && (!to || !id || strcmp(to, out->folder))) {
        text_complain("%s was already moved out to %s", out->slug, to ? to : "another folder");
        return NULL;
    }
    clock_text(clock_wall_ms(), at);
    if (id)
        text_copy(out->id, sizeof out->id, id);
    else
        new_id(out->id);
    return there ? json_deep_copy(there)
                 : json_pack("{ss ss ss}", "to", out->folder, "at", at, "id", out->id);
}

/* Until no process of the daemon has the workshop; `stop_timeout_s` bounds it. */
static int
drain(const struct out *out)
{
    const struct timespec pause = {0, 100000000};
    json_t *view = NULL;
    bool busy = site_runs(&out->site);
    int result = CTL_OK;

    while (busy && result == CTL_OK) {
        result = site_view(out->ctl, out->slug, &view);
        busy = json_is_integer(json_object_get(view, "pid"));
        json_decref(view);
        if (busy && result == CTL_OK)
            nanosleep(&pause, NULL);
    }
    return result;
}

static int
copy(struct out *out)
{
    json_t *manifest = manifest_new(&out->site, MOVE_KIND);
    int result = -1;

    json_object_set_new(manifest, "id", json_string(out->id));
    if (copy_remove_folder(out->partial))
        text_complain("%s: %s", out->partial, strerror(errno));
    else if (backup_make_folder(out->partial) == 0 &&
             backup_queue(out->ctl, &out->site, manifest, out->slug, out->partial) == 0 &&
             backup_file(&out->site, manifest, out->slug, out->partial) == 0 &&
             manifest_write(manifest, out->partial) == 0)
        result = rename(out->partial, out->folder) || disk_sync_parent(out->folder) ? -1 : 0;
    else
        errno = 0;
    if (result && errno)
        text_complain("%s: %s", out->folder, strerror(errno));
    if (result == 0) {
        text_say("%s is moved out and no longer starts here. On the other machine, run: "
                 "pumplinectl move-in %s",
                 out->slug, out->folder);
        text_say("The folder does not contain the master key: the other machine needs the same one "
                 "(%s).",
                 out->site.config.key_file);
    }
    json_decref(manifest);
    return result ? CTL_REFUSED : CTL_OK;
}

/* Nothing works on the queue from here until its lock is given back. */
static int
drain_and_copy(struct out *out)
{
    int lock, result = drain(out);

    if (result != CTL_OK)
        return result;
    if (site_lock_queue(&out->site, out->slug, &lock))
        return CTL_REFUSED;
    result = copy(out);
    if (lock >= 0)
        close(lock);
    return result;
}

/* Whether an earlier try has come to its end. */
static bool
is_done(const struct out *out)
{
    char *path = mem_format("%s/manifest.json", out->folder);
    json_t *manifest = access(path, F_OK) ? NULL : move_read(out->folder);
    const char *id = json_string_value(json_object_get(manifest, "id"));
    bool done = id && strcmp(id, out->id) == 0;

    json_decref(manifest);
    free(path);
    return done;
}

static int
run(struct out *out)
{
    json_t *document = move_document(&out->site, out->slug);
    json_t *moved = document ? choose_fence(out, document) : NULL;
    int result = moved ? CTL_OK : CTL_USAGE;

    if (moved && is_done(out))
        text_say("%s: already moved out; %s is complete", out->slug, out->folder);
    else if (moved && access(out->folder, F_OK) == 0 && rmdir(out->folder)) {
        text_complain("%s must not exist, or be empty", out->folder);
        result = CTL_USAGE;
    } else if (moved) {
        result = fence(out, moved);
        if (result == CTL_OK)
            result = drain_and_copy(out);
        if (result != CTL_OK)
            text_complain("%s is not moved out yet: repeat the command", out->slug);
    }
    json_decref(moved);
    json_decref(document);
    return result;
}

int
command_move_out(struct ctl *ctl)
{
    struct out out = {.ctl = ctl, .slug = ctl->args[0]};
    int result;

    if (!config_slug_sound(out.slug)) {
        text_complain("%s is not a slug: name the workshop by its slug", out.slug);
        return CTL_USAGE;
    }
    result = site_open(ctl, &out.site);
    if (result != CTL_OK)
        return result;
    out.folder = absolute(ctl->args[1]);
    out.partial = mem_format("%s.partial", out.folder ? out.folder : "");
    if (!out.folder)
        result = CTL_USAGE;
    else
        result = ctl_confirm(ctl, "Stop this workshop here for good") ? run(&out) : CTL_REFUSED;
    free(out.partial);
    free(out.folder);
    site_close(&out.site);
    return result;
}
