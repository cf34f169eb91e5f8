/* A daemon that goes away while it is called: an error, and no end by SIGPIPE. */
#include "supervisor/ctl/net/client.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/err.h"

#define LARGE (4u << 20) /* more than a socket takes at once */

static char folder[] = "/tmp/pumpline-client-XXXXXX", path[48];

/* Accepts one connection, takes a little of what it sends, and ends. */
static pid_t
short_lived_daemon(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    char byte;

    text_copy(address.sun_path, sizeof address.sun_path, path);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    pid_t pid = fork();

    if (pid == 0)
        _exit(read(accept(listener, NULL, NULL), &byte, 1) != 1);
    close(listener);
    return pid;
}

static void
test_a_daemon_that_goes_away(void **state)
{
    char *text = mem_alloc(LARGE);
    int status;
    json_t *reply;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
    pid_t daemon = short_lived_daemon();
    struct client *client = client_open(path);

    memset(text, 'a', LARGE - 1);
    json_t *body = json_pack("{s:s}", "text", text);

    assert_int_equal(client_call(client, "PUT", "/", body, &reply), -1);
    assert_null(reply);
    assert_non_null(strstr(client_error(client), "no reply from the daemon at /tmp/"));
    assert_ptr_equal(signal(SIGPIPE, SIG_DFL), SIG_DFL); /* standard output's still ends it */
    assert_int_equal(waitpid(daemon, &status, 0), daemon);
    assert_int_equal(status, 0);

    assert_int_equal(client_call(client, "GET", "/", NULL, &reply), -1);
    assert_non_null(strstr(client_error(client), ": Connection refused (is pumplined running?)"));
    json_decref(body);
    free(text);
    client_close(client);
    unlink(path);
    rmdir(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_daemon_that_goes_away)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
