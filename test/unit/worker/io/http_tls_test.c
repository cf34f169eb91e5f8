/* HTTPS: the server's certificate must be issued by a trusted authority for its name. The server is
 * `openssl s_server`. */
#include "test/unit/worker/server.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "worker/io/ca_file.h"
#include "worker/io/http.h"

struct scene {
    struct event_base *base;
    struct http *http;
    struct event *tick;
    char folder[64];
    uint16_t port;
    pid_t server;
    unsigned done;
    bool sent, complete;
    int status;
    char error[256];
};

/* Runs openssl in the folder; its output goes to a file there. */
static pid_t
openssl(struct scene *s, char *const arguments[])
{
    pid_t child = fork();

    if (child == 0) {
        int null_fd = open("/dev/null", O_RDONLY), log_fd;

        if (chdir(s->folder))
            _exit(1);
        log_fd = open("openssl.log", O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(null_fd, 0);
        dup2(log_fd, 1);
        dup2(log_fd, 2);
        execvp("openssl", arguments);
        _exit(127);
    }
    return child;
}

static void
make_certificates(struct scene *s)
{
    static char *const commands[][20] = {
        {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj",
         "/CN=test authority", NULL},
        {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", "other.key", "-out", "other.pem", "-days", "2", "-subj",
         "/CN=another", NULL},
        {"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", NULL},
        {"openssl", "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
         "-CAcreateserial", "-out", "server.pem", "-days", "2", "-copy_extensions", "copy", NULL},
    };

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        int status;
        pid_t child = openssl(s, commands[i]);

        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

static bool
listens(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool connected = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;

    close(fd);
    return connected;
}

static void
start_server(struct scene *s)
{
    char address[32];
    char *arguments[] = {"openssl",    "s_server", "-accept",    address, "-cert",
                         "server.pem", "-key",     "server.key", "-www",  NULL};

    s->port = free_port();
    snprintf(address, sizeof address, "127.0.0.1:%u", s->port);
    s->server = openssl(s, arguments);
    RUN_UNTIL(s->base, listens(s->port));
}

static bool
have_openssl(void)
{
    return system("openssl version >/dev/null 2>&1") == 0;
}

static int
setup(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    struct timeval tick = clock_timeval(10);

    secret_start();
    srand((unsigned)clock_monotonic_ms());
    s->base = event_base_new();
    s->tick = event_new(s->base, -1, EV_PERSIST, server_on_tick, NULL);
    event_add(s->tick, &tick);
    folder_make(s->folder);
    if (have_openssl()) {
        make_certificates(s);
        start_server(s);
    }
    *state = s;
    return 0;
}

static int
teardown(void **state)
{
    struct scene *s = *state;

    if (s->server) {
        kill(s->server, SIGKILL);
        waitpid(s->server, NULL, 0);
    }
    event_free(s->tick);
    event_base_free(s->base);
    folder_remove(s->folder);
    free(s);
    return 0;
}

static void
on_done(const struct erp_reply *reply, void *arg)
{
    struct scene *s = arg;

    s->done++;
    s->sent = reply->sent;
    s->complete = reply->complete;
    s->status = reply->status;
    snprintf(s->error, sizeof s->error, "%s", reply->error ? reply->error : "");
}

/* Sends a request under that name, trusting the certificates in that file (NULL: the system's). */
static void
ask(struct scene *s, const char *host, const char *ca_name)
{
    char url[64], ca_file[96];
    struct erp_request request = {.kind = ERP_HTTP, .method = "GET", .url = url};
    struct http *http;
    unsigned before = s->done;
    struct err err;
    char *ca = NULL;

    if (!s->server) {
        print_message("openssl is not installed\n");
        skip();
    }
    snprintf(url, sizeof url, "https://%s:%u/", host, s->port);
    snprintf(ca_file, sizeof ca_file, "%s/%s", s->folder, ca_name ? ca_name : "");
    if (ca_name)
        assert_int_equal(ca_file_read(ca_file, &ca, &err), 0);
    http = http_new(s->base, ca_name ? ca_file : NULL, ca);
    http_send(http, &request, on_done, s);
    RUN_UNTIL(s->base, s->done > before);
    http_free(http);
    free(ca);
}

static void
assert_refused(struct scene *s)
{
    assert_false(s->complete);
    assert_false(s->sent);
    assert_true(*s->error);
}

static void
a_trusted_server_is_accepted(void **state)
{
    struct scene *s = *state;

    ask(s, "localhost", "ca.pem");
    assert_string_equal(s->error, "");
    assert_true(s->sent);
    assert_true(s->complete);
    assert_int_equal(s->status, 200);
}

static void
an_unknown_authority_is_refused(void **state)
{
    struct scene *s = *state;

    ask(s, "localhost", NULL);
    assert_refused(s);
    ask(s, "localhost", "other.pem");
    assert_refused(s);
}

static void
another_name_is_refused(void **state)
{
    struct scene *s = *state;

    ask(s, "127.0.0.1", "ca.pem");
    assert_refused(s);
}

static void
a_missing_ca_file_trusts_no_server(void **state)
{
    struct scene *s = *state;

    ask(s, "localhost", "no-such.pem");
    assert_refused(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trusted_server_is_accepted),
        cmocka_unit_test(an_unknown_authority_is_refused),
        cmocka_unit_test(another_name_is_refused),
        cmocka_unit_test(a_missing_ca_file_trusts_no_server),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
