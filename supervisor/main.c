/* pumplined: the supervisor of all integrations. One page from options to exit. */
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/descriptors.h"
#include "common/base/disk.h"
#include "common/base/err.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/base/secret.h"
#include "common/config/key_file.h"
#include "supervisor/control/control.h"
#include "supervisor/daemon/daemon.h"
#include "supervisor/system/boot.h"
#include "supervisor/system/kept_sockets.h"

/* Larger blocks have pages of their own, which are returned to the system when they are freed, as
 * is as much at the end of the heap: the metrics of a thousand workshops take megabytes. glibc
 * would raise both limits after the first such block. Their health takes half of it, and stays
 * below: new pages each time would cost ten times as much as writing it. */
#define LARGE_BYTES (1 << 20)

struct options {
    const char *config;
    bool check_only, create_key, verbose;
};

static void
usage(FILE *to)
{
    fputs("usage: pumplined -c FILE [-v | -n | --create-key]\n"
          "  -c FILE       read the configuration from FILE (pumpline.json)\n"
          "  -n            check the configuration and exit\n"
          "  -v            log each request to an ERP and its reply, without passwords\n"
          "  --create-key  create the master key (key_file) if it does not exist, and exit\n"
          "  -h            show this help and exit\n"
          "  --version     show the version and exit\n",
          to);
}

/* What getopt does not complain about. */
static void
complain(const struct options *options, const char *extra)
{
    if (extra)
        fprintf(stderr, "pumplined: unexpected argument: %s\n", extra);
    else if (!options->config)
        fputs("pumplined: -c FILE is required\n", stderr);
}

/* -1 to go on, otherwise the exit status. */
static int
read_options(int count, char **arguments, struct options *options)
{
    static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                          {"check", no_argument, NULL, 'n'},
                                          {"create-key", no_argument, NULL, 'k'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'V'},
                                          {"verbose", no_argument, NULL, 'v'},
                                          {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(count, arguments, "c:nvh", known, NULL)) != -1) {
        if (option == 'h') {
            usage(stdout);
            return EX_OK;
        }
        if (option == 'V') {
            puts("pumplined " PUMPLINE_VERSION);
            return EX_OK;
        }
        if (option == 'c')
            options->config = optarg;
        else if (option == 'n')
            options->check_only = true;
        else if (option == 'k')
            options->create_key = true;
        else if (option == 'v')
            options->verbose = true;
        else
            goto wrong;
    }
    if (options->config && optind == count)
        return -1;
    complain(options, arguments[optind]);
wrong:
    usage(stderr);
    return EX_USAGE;
}

static void
print_faults(const struct json_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        const struct json_fault *fault = &faults->items[i];

        fprintf(stderr, "%s: %s%s%s\n", fault->file, fault->pointer, *fault->pointer ? ": " : "",
                fault->text);
    }
}

/* By config_load or config_load_each. */
static struct daemon_config *
load_config(const char *path,
            struct daemon_config *load(const char *path, struct json_faults *faults))
{
    struct json_faults faults = {0};
    struct daemon_config *config = load(path, &faults);

    if (!config)
        print_faults(&faults);
    json_faults_clear(&faults);
    return config;
}

static void
remove_key_asides(const char *key_file)
{
    char *copy = mem_string(key_file);

    disk_remove_asides(dirname(copy));
    free(copy);
}

/* EX_OK, or the status for the first check that fails. */
static int
prepare(const struct daemon_config *config, struct master_keys *keys, char *worker_path, int *lock,
        struct err *err)
{
    *lock = boot_state_dir(config->state_dir, err);
    if (*lock < 0)
        return EX_CANTCREAT;
    disk_remove_asides(config->workshops_dir);
    remove_key_asides(config->key_file);
    failpoint_open(config->state_dir, "pumplined");
    /* Not earlier: the daemon that held the lock may have been replacing the key. */
    if (key_file_load(config->key_file, true, keys, err))
        return EX_CONFIG;
    if (spawn_worker_path(worker_path, PATH_MAX, err))
        return EX_OSFILE;
    boot_descriptor_limit(config->workshop_count);
    return EX_OK;
}

static void
log_faults(const struct daemon_config *config)
{
    size_t faulty = 0;

    for (size_t i = 0; i < config->workshop_count; i++) {
        const struct json_faults *faults = &config->workshops[i]->faults;

        faulty += faults->count != 0;
        for (size_t j = 0; j < faults->count; j++)
            log_each(LOG_ERROR, LOG_NO_FILE, NULL, "%s: %s%s%s", faults->items[j].file,
                     faults->items[j].pointer, *faults->items[j].pointer ? ": " : "",
                     faults->items[j].text);
    }
    if (faulty)
        log_error("not starting %zu of %zu workshop%s: invalid configuration", faulty,
                  config->workshop_count, plural((long long)config->workshop_count));
}

static int
run(struct daemon *daemon, struct err *err)
{
    struct control *control = control_open(daemon, err);

    if (!control)
        return EX_UNAVAILABLE;
    log_info("pumplined " PUMPLINE_VERSION " serving %zu workshop%s", daemon->child_count,
             plural(daemon->child_count));
    log_faults(daemon->config);
    daemon_run(daemon);
    control_close(control);
    log_info("stopped");
    return EX_OK;
}

/* Takes over config, which was read from path. */
static int
serve(struct daemon_config *config, const char *path)
{
    struct master_keys keys = {.key = NULL};
    char worker_path[PATH_MAX];
    struct err err = {0};
    int lock = -1, status = prepare(config, &keys, worker_path, &lock, &err);

    if (status == EX_OK) {
        struct event_base *base = loop_new();
        struct daemon *daemon = daemon_new(base, config, path, &keys, worker_path);

        status = run(daemon, &err);
        daemon_free(daemon);
        event_base_free(base);
    } else {
        master_keys_clear(&keys);
        config_free(config);
    }
    if (status != EX_OK)
        log_error("%s", err.text);
    if (lock >= 0)
        close(lock);
    return status;
}

static int
check_only(struct daemon_config *config)
{
    printf("configuration ok: %zu workshop%s\n", config->workshop_count,
           plural((long long)config->workshop_count));
    config_free(config);
    return EX_OK;
}

/* For a starter that passes the key on as a credential, and so needs it before the daemon starts.
 */
static int
create_key(struct daemon_config *config)
{
    struct err err;
    int made = key_file_create(config->key_file, &err);

    if (made < 0)
        log_error("%s", err.text);
    else
        printf("%s %s\n", config->key_file, made ? "created" : "already exists");
    config_free(config);
    return made < 0 ? EX_CONFIG : EX_OK;
}

int
main(int count, char **arguments)
{
    struct options options = {0};
    struct daemon_config *config;
    int status = read_options(count, arguments, &options);

    if (status >= 0)
        return status;
    descriptors_standard();
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    mallopt(M_TRIM_THRESHOLD, LARGE_BYTES);
    boot_hide();
    umask(S_IWGRP | S_IWOTH); /* files get exactly the modes they are created with, whatever the
                                 inherited umask */
    secret_start();
    config = load_config(options.config, options.check_only ? config_load : config_load_each);
    if (!config)
        return EX_CONFIG;
    log_open("pumplined");
    log_verbose(options.verbose);
    if (options.check_only)
        status = check_only(config);
    else if (options.create_key)
        status = create_key(config);
    else {
        kept_sockets_open();
        status = serve(config, options.config);
    }
    log_close();
    return status;
}
