/* pumplined: the supervisor of all integrations. One page from options to exit. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/disk.h"
#include "common/fault.h"
#include "common/log.h"
#include "common/secret.h"
#include "supervisor/boot.h"
#include "supervisor/control.h"
#include "supervisor/daemon.h"

struct options {
    const char *config;
    bool check_only;
};

static void
usage(FILE *to)
{
    fputs("usage: pumplined -c FILE [-n]\n"
          "  -c FILE    the configuration, pumpline.json\n"
          "  -n         check the configuration and exit\n"
          "  -h         this help\n"
          "  --version  the version\n",
          to);
}

/* -1 to go on, otherwise the exit status. */
static int
read_options(int count, char **arguments, struct options *options)
{
    static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                          {"check", no_argument, NULL, 'n'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'V'},
                                          {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(count, arguments, "c:nh", known, NULL)) != -1) {
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
        else
            goto wrong;
    }
    if (options->config && optind == count)
        return -1;
wrong:
    usage(stderr);
    return EX_USAGE;
}

static void
print_faults(const struct config_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        const struct config_fault *fault = &faults->items[i];

        fprintf(stderr, "%s: %s%s%s\n", fault->file, fault->pointer, *fault->pointer ? ": " : "",
                fault->text);
    }
}

static struct daemon_config *
load_config(const char *path)
{
    struct config_faults faults = {0};
    struct daemon_config *config = config_load(path, &faults);

    if (!config)
        print_faults(&faults);
    config_faults_clear(&faults);
    return config;
}

/* EX_OK, or the status for the first thing that is not in place. */
static int
prepare(const struct daemon_config *config, unsigned char *key, char *worker_path, int *lock,
        struct err *err)
{
    if (secret_master_key(config->key_file, true, key, err))
        return EX_CONFIG;
    *lock = boot_state_dir(config->state_dir, err);
    if (*lock < 0)
        return EX_CANTCREAT;
    disk_remove_asides(config->workshops_dir);
    fault_open(config->state_dir, "pumplined");
    if (spawn_worker_path(worker_path, PATH_MAX, err))
        return EX_OSFILE;
    boot_descriptor_limit(config->workshop_count);
    return EX_OK;
}

static const char *
plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static int
run(struct daemon *daemon, struct err *err)
{
    struct control *control = control_open(daemon, err);

    if (!control)
        return EX_UNAVAILABLE;
    log_info("pumplined " PUMPLINE_VERSION " serves %zu workshop%s", daemon->child_count,
             plural(daemon->child_count));
    daemon_run(daemon);
    control_close(control);
    log_info("stopped");
    return EX_OK;
}

/* Takes over config, which was read from path. */
static int
serve(struct daemon_config *config, const char *path)
{
    unsigned char *key = secret_alloc(SECRET_KEY_BYTES);
    char worker_path[PATH_MAX];
    struct err err = {0};
    int lock = -1, status = prepare(config, key, worker_path, &lock, &err);

    if (status == EX_OK) {
        struct event_base *base = event_base_new();
        struct daemon *daemon;

        if (!base)
            die_abort("no event loop");
        daemon = daemon_new(base, config, path, key, worker_path);
        status = run(daemon, &err);
        daemon_free(daemon);
        event_base_free(base);
    } else {
        secret_free(key);
        config_free(config);
    }
    if (status != EX_OK)
        log_error("%s", err.text);
    if (lock >= 0)
        close(lock);
    return status;
}

int
main(int count, char **arguments)
{
    struct options options = {0};
    struct daemon_config *config;
    int status = read_options(count, arguments, &options);

    if (status >= 0)
        return status;
    boot_standard_descriptors();
    secret_start();
    config = load_config(options.config);
    if (!config)
        return EX_CONFIG;
    if (options.check_only) {
        printf("configuration ok: %zu workshop%s\n", config->workshop_count,
               plural(config->workshop_count));
        config_free(config);
        return EX_OK;
    }
    log_open("pumplined");
    status = serve(config, options.config);
    log_close();
    return status;
}
