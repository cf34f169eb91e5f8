/* pumpline-console: the web console, a client of the control socket. */
#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/descriptors.h"
#include "common/base/disk.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/base/secret.h"
#include "common/http/listen_tcp.h"
#include "common/http/listen_unix.h"
#include "common/http/server.h"
#include "common/sandbox/sandbox.h"
#include "supervisor/console/api/web.h"
#include "supervisor/console/people/hasher.h"

static const char usage[] = "usage: pumpline-console -c FILE [--socket [NAME=]PATH]... [-n]\n"
                            "  -c FILE    read the configuration from FILE (console.json)\n"
                            "  --socket   a daemon's control socket, instead of those in FILE;\n"
                            "             several: one console for the daemons of all machines\n"
                            "  -n         check the configuration and exit\n"
                            "  -h         show this help and exit\n"
                            "  --version  show the version and exit\n";

struct console {
    struct event_base *base;
    const struct settings *settings;
    struct web *web;
    bool failed;
};

struct options {
    const char *config;
    const char *sockets[SETTINGS_SOCKETS_MAX];
    size_t socket_count;
    bool check_only;
};

/* What getopt does not complain about. */
static void
complain(const struct options *options, const char *extra)
{
    if (extra)
        fprintf(stderr, "pumpline-console: unexpected argument: %s\n", extra);
    else if (!options->config)
        fputs("pumpline-console: -c FILE is required\n", stderr);
}

/* -1 to go on, otherwise the exit status. */
static int
read_options(int count, char **arguments, struct options *options)
{
    static const struct option known[] = {
        {"config", required_argument, NULL, 'c'}, {"socket", required_argument, NULL, 's'},
        {"check", no_argument, NULL, 'n'},        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},      {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(count, arguments, "c:nh", known, NULL)) != -1) {
        if (option == 'h' || option == 'V') {
            fputs(option == 'h' ? usage : "pumpline-console " PUMPLINE_VERSION "\n", stdout);
            return EX_OK;
        }
        if (option == 'c')
            options->config = optarg;
        else if (option == 'n')
            options->check_only = true;
        else if (option == 's' && options->socket_count < SETTINGS_SOCKETS_MAX)
            options->sockets[options->socket_count++] = optarg;
        else
            goto wrong;
    }
    if (options->config && optind == count)
        return -1;
    complain(options, arguments[optind]);
wrong:
    fputs(usage, stderr);
    return EX_USAGE;
}

static struct settings *
read_settings(const char *path)
{
    struct json_faults faults = {0};
    struct settings *settings = settings_read(path, &faults);

    for (size_t i = 0; i < faults.count; i++)
        fprintf(stderr, "%s: %s%s%s\n", faults.items[i].file, faults.items[i].pointer,
                *faults.items[i].pointer ? ": " : "", faults.items[i].text);
    json_faults_clear(&faults);
    return settings;
}

/* -1: a fault, which has been reported. */
static int
take_sockets(struct settings *settings, const struct options *options)
{
    struct err err;

    if (options->socket_count)
        settings->socket_count = 0;
    for (size_t i = 0; i < options->socket_count; i++)
        if (settings_add_socket(settings, options->sockets[i], &err)) {
            fprintf(stderr, "--socket %s: %s\n", options->sockets[i], err.text);
            return -1;
        }
    return 0;
}

/* What it reads later: the accounts. Its own files it has read by then. */
static int
shut_in(const struct settings *settings, struct err *err)
{
    char folder[JSON_PATH_MAX];
    struct sandbox_setup setup = {.mode = settings->sandbox, .unix_streams = true};

    text_copy(folder, sizeof folder, settings->accounts_file);
    *strrchr(folder, '/') = '\0';
    disk_remove_asides(folder);
    setup.paths[setup.path_count++] =
        (struct sandbox_path){pinned_path_open(folder), SANDBOX_WRITE};
    return sandbox_enter(&setup, err) || sandbox_alone(err) ? -1 : 0;
}

static void
on_terminate(evutil_socket_t signal, short what, void *arg)
{
    struct console *console = arg;

    (void)signal;
    (void)what;
    event_base_loopexit(console->base, NULL);
}

static void
on_gone(void *arg)
{
    struct console *console = arg;

    log_error("the password process has exited");
    console->failed = true;
    event_base_loopexit(console->base, NULL);
}

static void
serve(struct console *console, int fd)
{
    const short kind = EV_SIGNAL | EV_PERSIST;
    struct event *term = loop_control_event(console->base, SIGTERM, kind, on_terminate, console);
    struct event *interrupt =
        loop_control_event(console->base, SIGINT, kind, on_terminate, console);
    struct http_server *server = http_server_new(console->base, fd, true, &console->settings->http,
                                                 web_handle, console->web);

    event_add(term, NULL);
    event_add(interrupt, NULL);
    log_info("pumpline-console " PUMPLINE_VERSION " listening on %s", console->settings->listen);
    event_base_dispatch(console->base);
    http_server_stop_accepting(server);
    web_close(console->web);
    http_server_free(server);
    event_free(term);
    event_free(interrupt);
}

static int
fail(int status, const struct err *err)
{
    log_error("%s", err->text);
    return status;
}

/* The process for passwords first, as the sandbox allows no other. */
static int
run(const struct settings *settings)
{
    struct console console = {.settings = settings};
    struct err err = {0};
    int fd, hasher;

    if (sandbox_hide(&err))
        return fail(EX_OSERR, &err);
    hasher = hasher_start(settings->sandbox);
    /* A proxy's user reaches the socket by the mode of its folder. */
    fd = *settings->host ? listen_tcp(settings->host, settings->port, &err)
                         : listen_unix(settings->listen, 0666, &err);
    if (fd < 0)
        return fail(EX_OSERR, &err);
    console.base = loop_new();
    console.web = web_open(console.base, settings, hasher, on_gone, &console, &err);
    if (!console.web || shut_in(settings, &err))
        return fail(EX_CONFIG, &err);
    serve(&console, fd);
    event_base_free(console.base);
    return console.failed ? EX_SOFTWARE : EX_OK;
}

int
main(int count, char **arguments)
{
    struct options options = {0};
    struct settings *settings;
    int status = read_options(count, arguments, &options);

    if (status >= 0)
        return status;
    descriptors_standard();
    signal(SIGPIPE, SIG_IGN);
    umask(S_IRWXG | S_IRWXO);
    secret_start();
    settings = read_settings(options.config);
    if (!settings)
        return EX_CONFIG;
    if (take_sockets(settings, &options)) {
        settings_free(settings);
        return EX_USAGE;
    }
    log_open("pumpline-console");
    if (options.check_only)
        puts("configuration ok");
    else
        status = run(settings);
    settings_free(settings);
    log_close();
    return options.check_only ? EX_OK : status;
}
