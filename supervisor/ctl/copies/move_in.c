/* pumplinectl move-in: claim, put in place, start. A folder is moved in once: the claim in it names
 * the machine, so that a second one is refused, and repeating the command goes on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/disk.h"
#include "common/json/file.h"
#include "supervisor/ctl/copies/move.h"
#include "supervisor/ctl/copies/restore.h"
#include "supervisor/ctl/term/text.h"

struct in {
    struct ctl *ctl;
    struct site site;
    const char *folder, *slug;
    json_t *manifest;
    json_t *here;  /* the workshop's file on this machine; NULL: there is none */
    json_t *claim; /* {"host", "state_dir", "at", "fence": id or null, "done"}; NULL: none yet */
};

static const char *
text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* The id under which the workshop was moved out from here; NULL: it was not. */
static const char *
fence_of(const struct in *in)
{
    return text_of(json_object_get(in->here, "moved_out"), "id");
}

static char *
claim_path(const struct in *in)
{
    return mem_format("%s/moved-in.json", in->folder);
}

static int
write_claim(const struct in *in)
{
    char *path = claim_path(in), *text = json_dumps(in->claim, JSON_INDENT(2));
    struct err err = {.text = "cannot write it as JSON"};
    int result = text ? disk_replace(path, text, strlen(text), &err) : -1;

    if (result)
        text_complain("%s: %s", path, err.text);
    free(text);
    free(path);
    return result;
}

/* Complete, or not there: written beside it, and linked. Only one machine gets it. */
static int
take_claim(struct in *in)
{
    char *path = claim_path(in), *beside = mem_format("%s.%ld", path, (long)getpid());
    char host[256] = "", at[CLOCK_TEXT_BYTES], *text;
    struct err err = {.text = "cannot write it as JSON"};
    int result;

    gethostname(host, sizeof host - 1);
    text_clean(host);
    clock_text(clock_wall_ms(), at);
    in->claim = json_pack("{ss ss ss ss? sb}", "host", host, "state_dir", in->site.config.state_dir,
                          "at", at, "fence", fence_of(in), "done", 0);
    text = json_dumps(in->claim, JSON_INDENT(2));
    result = text ? disk_replace(beside, text, strlen(text), &err) : -1;
    if (result == 0 && (link(beside, path) || disk_sync_parent(path)))
        result = err_errno(&err, "storage", "cannot claim it");
    if (result)
        text_complain("%s: %s", path, err.text);
    unlink(beside);
    free(text);
    free(beside);
    free(path);
    return result;
}

static bool
is_mine(const struct in *in)
{
    char host[256] = "";
    const char *claimed = text_of(in->claim, "host"), *dir = text_of(in->claim, "state_dir");

    gethostname(host, sizeof host - 1);
    text_clean(host);
    return claimed && dir && strcmp(claimed, host) == 0 &&
           strcmp(dir, in->site.config.state_dir) == 0;
}

static bool
refuse_used(const struct in *in)
{
    const char *host = text_of(in->claim, "host"), *at = text_of(in->claim, "at");

    text_complain("%s was already moved in, on %s at %s: a folder can be moved in only once",
                  in->folder, host ? host : "another machine", at ? at : "an unknown time");
    return false;
}

static bool
same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* With our own claim: whether the workshop may still be put in place, or is. */
static bool
may_go_on(const struct in *in)
{
    if (!is_mine(in))
        return refuse_used(in);
    if (in->here && !fence_of(in))
        return true; /* it is in place */
    /* It has been here since, and has left again. */
    return (!json_is_true(json_object_get(in->claim, "done")) &&
            (!in->here || same_text(fence_of(in), text_of(in->claim, "fence")))) ||
           refuse_used(in);
}

/* CTL_OK: it may. */
static int
may_begin(const struct in *in)
{
    const char *fence = fence_of(in);
    bool back = fence && same_text(fence, text_of(in->manifest, "id"));

    if (in->here && !fence) {
        text_complain(
            "%s already exists on this machine and was not moved out; nothing was changed",
            in->slug);
        return CTL_USAGE;
    }
    if (back && !ctl_confirm(in->ctl, "Take it back? Only if no other machine has moved in a copy "
                                      "of this folder"))
        return CTL_REFUSED;
    return CTL_OK;
}

static void
wake(json_t *document, const char *slug)
{
    (void)slug;
    json_object_del(document, "moved_out");
    json_object_set_new(document, "active", json_true());
}

static int
put_in_place(struct in *in)
{
    bool in_place = in->claim && in->here && !fence_of(in);

    if (!in->claim && take_claim(in))
        return CTL_REFUSED;
    if (!in_place && (!restore_is_idle(in->ctl, &in->site, in->slug) ||
                      restore_workshop(&in->site, in->manifest, in->folder, in->slug, wake)))
        return CTL_REFUSED;
    json_object_set_new(in->claim, "done", json_true());
    if (write_claim(in))
        return CTL_REFUSED;
    text_say("%s: moved in", in->slug);
    return restore_apply(in->ctl, &in->site);
}

static int
read_state(struct in *in)
{
    char *file = site_file(&in->site, in->slug), *path = claim_path(in);
    struct err err;
    int result = 0;

    in->here = json_file_read(file, &err);
    if (!in->here && strcmp(err.code, "no_file")) {
        text_complain("%s: %s", file, err.text);
        result = -1;
    }
    in->claim = json_file_read(path, &err);
    if (!in->claim && strcmp(err.code, "no_file")) {
        text_complain("%s: %s", path, err.text);
        result = -1;
    }
    free(path);
    free(file);
    return result;
}

static int
run(struct in *in)
{
    json_t *slugs = manifest_slugs(in->manifest);
    int result = CTL_USAGE;

    in->slug = json_string_value(json_array_get(slugs, 0));
    if (!in->slug)
        text_complain("%s contains no workshop", in->folder);
    else if (manifest_fits_keys(in->manifest, &in->site) && read_state(in) == 0 &&
             (!in->claim || may_go_on(in)))
        result = in->claim ? CTL_OK : may_begin(in);
    if (result == CTL_OK)
        result = put_in_place(in);
    json_decref(in->here);
    json_decref(in->claim);
    json_decref(slugs);
    return result;
}

int
command_move_in(struct ctl *ctl)
{
    struct in in = {.ctl = ctl, .folder = ctl->args[0]};
    int result = site_open(ctl, &in.site);

    if (result != CTL_OK)
        return result;
    in.manifest = move_read(in.folder);
    result = in.manifest ? run(&in) : CTL_USAGE;
    json_decref(in.manifest);
    site_close(&in.site);
    return result;
}
