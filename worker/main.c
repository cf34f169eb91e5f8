/* pumpline-worker: one workshop. The supervisor starts it with --child; started by hand, it
 * takes a port and a workshop. */
#include <errno.h>
#include <event2/event.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/descriptors.h"
#include "common/base/log_files.h"
#include "common/base/loop.h"
#include "common/base/secret.h"
#include "common/config/config.h"
#include "common/config/key_file.h"
#include "common/config/uids.h"
#include "common/http/listen_tcp.h"
#include "common/ipc/browser_kill.h"
#include "common/ipc/chan.h"
#include "common/sandbox/sandbox.h"
#include "worker/channel.h"
#include "worker/dryrun/dryrun.h"
#include "worker/dryrun/replay.h"
#include "worker/io/watchdog.h"
#include "worker/resolve.h"
#include "worker/salvage/damaged_pages.h"
#include "worker/worker.h"

static const char usage[] =
    "usage: pumpline-worker PORT WORKSHOP -c FILE [-v] | --version\n"
    "\n"
    "Runs one workshop without a supervisor: its HTTP API on PORT (at the configured address)\n"
    "and its worker. WORKSHOP is a name or slug; FILE is pumpline.json.\n"
    "-v logs each request to the ERP and its reply, without passwords.\n"
    "SIGTERM stops it after the orders in flight; SIGHUP reopens the log files.\n"
    "\n"
    "Exit status:\n"
    "   0  stopped\n"
    "  64  invalid command line\n"
    "  71  cannot listen on the port\n"
    "  74  cannot use the queue\n"
    "  75  another process uses the queue, or a restart is required\n"
    "  78  invalid configuration, key or sandbox\n";

/* From here on a block has pages of its own, which go back when it is freed. glibc would raise the
 * limit by itself and put LMDB's lists of 3 MiB, hardly touched, into the heap. */
#define LARGE_BYTES (64 << 10)

struct options {
    bool child, dryrun, verbose;
    const char *resolve, *queue_format;
    char **replay; /* a recipe, and its dialogues */
    const char *port, *workshop, *config;
};

/* What the signals act upon. */
struct process {
    struct event_base *base;
    struct channel *channel; /* as a child */
    struct worker *worker;   /* by itself */
};

/* 0: invalid. */
static uint16_t
port_of(const char *text)
{
    unsigned long port = *text ? strtoul(text, NULL, 10) : 0;

    return strlen(text) <= 5 && !text[strspn(text, "0123456789")] && port <= 65535 ? (uint16_t)port
                                                                                   : 0;
}

/* Returns false, so that a failing path can be `return complain(…)`. */
static bool
complain(const char *what, const char *word)
{
    fprintf(stderr, "pumpline-worker: %s%s\n", what, word);
    return false;
}

/* Whether what belongs together is there. */
static bool
is_complete(const struct options *o, int positional)
{
    bool alone = positional == 2 && o->config;

    if (o->child || o->dryrun || o->resolve || o->queue_format)
        return (!positional && !o->config) || complain("invalid combination of options", "");
    return alone || complain("PORT, WORKSHOP and -c FILE are required", "");
}

static bool
parse_options(int argc, char **argv, struct options *o)
{
    int positional = 0;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--child") == 0)
            o->child = true;
        else if (strcmp(argv[i], "--recipe-run") == 0)
            o->dryrun = true;
        else if (strcmp(argv[i], "--recipe-test") == 0 && i == 1 && argc > 3) {
            o->replay = argv + 2;
            return true;
        } else if (strcmp(argv[i], "--resolve") == 0 && i + 1 < argc)
            o->resolve = argv[++i];
        else if (strcmp(argv[i], "--queue-format") == 0 && i + 1 < argc)
            o->queue_format = argv[++i];
        else if (strcmp(argv[i], "-v") == 0)
            o->verbose = true;
        else if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
            o->config = argv[++i];
        else if (argv[i][0] == '-')
            return complain("unknown option, or no value for it: ", argv[i]);
        else if (positional > 1)
            return complain("unexpected argument: ", argv[i]);
        else if (positional++ == 0) {
            o->port = argv[i];
            if (!port_of(o->port))
                return complain("PORT must be 1 to 65535: ", argv[i]);
        } else
            o->workshop = argv[i];
    }
    return is_complete(o, positional);
}

/* -1 to go on, otherwise the exit status. */
static int
read_options(int argc, char **argv, struct options *o)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("pumpline-worker " PUMPLINE_VERSION);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (parse_options(argc, argv, o))
        return -1;
    fputs(usage, stderr);
    return EX_USAGE;
}

static void
on_terminate(evutil_socket_t signal, short what, void *arg)
{
    struct process *p = arg;

    (void)signal;
    (void)what;
    if (p->channel)
        channel_stop(p->channel);
    else
        worker_stop(p->worker);
}

static void
on_hangup(evutil_socket_t signal, short what, void *arg)
{
    (void)signal;
    (void)what;
    (void)arg;
    log_reopen();
}

/* The supervisor blocks SIGHUP until it has a handler. */
static void
hear_hangups(void)
{
    sigset_t hangup;

    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    sigprocmask(SIG_UNBLOCK, &hangup, NULL);
}

static void
run_loop(struct process *p)
{
    const short kind = EV_SIGNAL | EV_PERSIST;
    struct event *events[] = {loop_control_event(p->base, SIGTERM, kind, on_terminate, p),
                              loop_control_event(p->base, SIGINT, kind, on_terminate, p),
                              loop_control_event(p->base, SIGHUP, kind, on_hangup, p)};

    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        loop_add(events[i], NULL);
    hear_hangups();
    event_base_dispatch(p->base);
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        event_free(events[i]);
}

static int
run_child(struct process *p)
{
    log_relay();
    p->channel = channel_new(p->base, CHAN_FD, CHAN_LISTEN_FD);
    run_loop(p);
    return channel_end(p->channel);
}

static int
fail(int status, const char *text)
{
    log_error("%s", text);
    return status;
}

/* For the packages of other releases: 0 means that it does not say. */
static int
print_queue_format(const char *path)
{
    printf("%llu\n", (unsigned long long)store_pages_format(path));
    return 0;
}

static json_t *
alone_slice(const struct daemon_config *config, const struct workshop_config *workshop,
            struct err *err)
{
    struct master_keys keys;
    struct uids *uids;
    json_t *slice;

    if (key_file_load(config->key_file, true, &keys, err))
        return NULL;
    slice = config_slice(config, workshop, keys.key, true);
    json_object_del(slice, "worker"); /* only its queue knows whether it is stopped */
    if (*config->log_dir)             /* it opens them itself, and again after a rotation */
        json_object_set_new(slice, "log_dir", json_string(config->log_dir));
    if (keys.old)
        config_slice_old_key(slice, workshop, keys.old);
    uids = uids_new(config->state_dir);
    uids_tell(uids, config, workshop, slice);
    uids_free(uids);
    master_keys_clear(&keys);
    return slice;
}

static void
ignore(void *arg)
{
    (void)arg;
}

static int
serve_alone(struct process *p, const json_t *slice, int fd, int watchdog)
{
    static const struct worker_events events = {
        .changed = ignore, .tick = ignore, .killed = ignore};
    struct err err;
    int status;
    bool open;

    p->worker = worker_start(p->base, slice, fd, &events, &err);
    if (!p->worker) {
        watchdog_dismiss(watchdog); /* its browsers may belong to another, working process */
        return fail(worker_exit_status(&err), err.text);
    }
    run_loop(p);
    status = worker_broken(p->worker) ? EX_IOERR : worker_outdated(p->worker) ? EX_TEMPFAIL : 0;
    open = worker_leaves_open(p->worker);
    worker_free(p->worker);
    if (!open)
        watchdog_dismiss(watchdog);
    return status;
}

/* Before there is a key in memory. */
static int
watch_browsers(const struct daemon_config *config, const struct workshop_config *workshop)
{
    char mark[BROWSER_MARK_BYTES];
    struct err err;

    return config_erp_stays_open(workshop->erp_system) &&
                   browser_mark(config->state_dir, workshop->slug, mark, &err) == 0
               ? watchdog_start(mark)
               : -1;
}

static void
log_faults(const struct json_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        log_error("%s: %s%s%s", faults->items[i].file, faults->items[i].pointer,
                  *faults->items[i].pointer ? ": " : "", faults->items[i].text);
}

static int
run_alone(struct process *p, const struct options *o)
{
    struct json_faults faults = {NULL, 0};
    struct daemon_config *config = config_load_each(o->config, &faults);
    struct workshop_config *workshop = config ? config_find(config, o->workshop) : NULL;
    bool sound = workshop && !workshop->faults.count;
    struct err err;
    json_t *slice;
    int fd, watchdog = sound ? watch_browsers(config, workshop) : -1, status = EX_OSERR;

    log_faults(workshop ? &workshop->faults : &faults);
    json_faults_clear(&faults);
    if (!sound) {
        err_set(&err, "config", "invalid configuration");
        if (config && !workshop)
            err_set(&err, "config", "no workshop \"%s\" in %s", o->workshop, o->config);
        status = fail(EX_CONFIG, err.text);
    } else if ((fd = listen_tcp(workshop->host, port_of(o->port), &err)) < 0 ||
               !(slice = alone_slice(config, workshop, &err))) {
        watchdog_dismiss(watchdog);
        status = fail(strcmp(err.code, "key_file") ? EX_OSERR : EX_CONFIG, err.text);
    } else {
        log_open(workshop->name);
        log_verbose(o->verbose);
        if (*config->log_dir)
            log_open_files(config->log_dir, workshop->slug);
        status = serve_alone(p, slice, fd, watchdog);
        json_decref(slice);
    }
    config_free(config);
    return status;
}

int
main(int argc, char **argv)
{
    struct options o = {.child = false};
    struct process p = {.base = NULL};
    struct err err;
    int status = read_options(argc, argv, &o);

    if (status >= 0)
        return status;
    descriptors_standard();
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    if (o.resolve)
        return lookup_run(o.resolve);
    if (o.queue_format)
        return print_queue_format(o.queue_format);
    umask(S_IWGRP | S_IWOTH); /* files get exactly the modes they are created with, whatever the
                                 inherited umask */
    secret_start();
    log_open("pumpline-worker");
    signal(SIGPIPE, SIG_IGN);
    p.base = loop_new();
    if (sandbox_hide(&err))
        status = fail(EX_OSERR, err.text);
    else if (o.replay)
        status = replay_files(o.replay);
    else if (o.dryrun)
        status = dryrun_run(p.base);
    else
        status = o.child ? run_child(&p) : run_alone(&p, &o);
    event_base_free(p.base);
    libevent_global_shutdown();
    return status;
}
