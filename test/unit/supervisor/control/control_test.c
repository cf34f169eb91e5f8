/* Parts of the control API that need no socket: messages, replies, completion of commands, access
 * rights. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "supervisor/control/command.h"
#include "supervisor/control/forward.h"
#include "supervisor/system/peer.h"

static struct {
    int status;
    char type[64], body[256], header[128];
} sent;

static void
keep_reply(struct call *call, int status, const char *content_type, const char *body, size_t length)
{
    sent.status = status;
    strcpy(sent.type, content_type ? content_type : "");
    memcpy(sent.body, body, length);
    sent.body[length] = '\0';
    strcpy(sent.header, call->header_name);
    strcat(sent.header, call->header_value);
}

static struct call *
new_call(const char *method, const char *target, const char *body)
{
    struct call *call = call_new(method, target, body, body ? strlen(body) : 0,
                                 body ? "application/json" : NULL, NULL);

    call->send = keep_reply;
    call->tail = strstr(call->path, "/X/") ? strstr(call->path, "/X/") + 3 : "";
    return call;
}

static void
a_call_is_forwarded_unchanged(void **state)
{
    struct call *call =
        new_call("POST", "/workshops/X/orders/a%2Fb/retry?x=%20y", "{\"a\":\"\xc3\xa4\"}");
    json_t *message = forward_message(7, call);
    json_t *expected = json_pack("{ss si ss ss ss ss}", "type", "call", "id", 7, "method", "POST",
                                 "target", "/orders/a%2Fb/retry?x=%20y", "content_type",
                                 "application/json", "body", "{\"a\":\"\xc3\xa4\"}");

    (void)state;
    assert_true(json_equal(message, expected));
    json_decref(message);
    json_decref(expected);
    call_reply_text(call, 200, NULL, "", 0);
}

static void
its_author_is_forwarded(void **state)
{
    struct call *call = new_call("PUT", "/workshops/X/stop_worker", NULL);
    json_t *message, *expected = json_pack("{ss ss}", "who", "ann", "via", "console");

    (void)state;
    author_set(&call->by, "ann", AUTHOR_CONSOLE);
    message = forward_message(7, call);
    assert_true(json_equal(json_object_get(message, "by"), expected));
    json_decref(message);
    json_decref(expected);
    call_reply_text(call, 200, NULL, "", 0);
}

static void
invalid_utf8_is_not_forwarded(void **state)
{
    struct call *call = new_call("POST", "/workshops/X/create", "\xff");

    (void)state;
    assert_null(forward_message(1, call));
    call_reply_text(call, 400, NULL, "", 0);
}

static void
a_reply_is_returned_unchanged(void **state)
{
    json_t *reply = json_pack("{si si ss s[ss] ss}", "id", 1, "status", 405, "content_type",
                              "application/problem+json", "header", "Allow", "PUT", "body", "{}");

    (void)state;
    forward_answer(new_call("GET", "/workshops/X/kill", NULL), reply);
    assert_int_equal(sent.status, 405);
    assert_string_equal(sent.type, "application/problem+json");
    assert_string_equal(sent.header, "AllowPUT");
    assert_string_equal(sent.body, "{}");
    json_decref(reply);
    reply =
        json_pack("{si ss ss}", "status", 200, "content_type", "image/png", "base64", "iVBORw==");
    forward_answer(new_call("GET", "/workshops/X/orders/a/evidence/b.png", NULL), reply);
    assert_int_equal(sent.status, 200);
    assert_string_equal(sent.type, "image/png");
    assert_string_equal(sent.body, "\x89PNG");
    json_decref(reply);
}

static void
an_invalid_reply_is_502(void **state)
{
    static const char *const texts[] = {
        "{}", "{\"status\":\"200\"}", "{\"status\":20}", "{\"status\":200,\"header\":[\"Allow\"]}",
        "{\"status\":200,\"body\":{}}", "{\"status\":200,\"base64\":{}}",
        "{\"status\":200,\"base64\":\"iVBORw=\"}", "{\"status\":204,\"base64\":\"iVBORw==\"}",
        /* an unexpected body would be parsed as the next reply */
        "{\"status\":204,\"body\":\"HTTP/1.1 200 OK\"}", "{\"status\":304,\"body\":\"x\"}",
        "{\"status\":100,\"body\":\"\"}", "{\"status\":200,\"content_type\":\"a\\r\\nb: c\"}",
        "{\"status\":200,\"header\":[\"Allow\",\"a\\r\\nb: c\"]}",
        "{\"status\":200,\"header\":[\"Content-Length\",\"0\"]}",
        "{\"status\":200,\"header\":[\"Connection\",\"x\"]}"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_t *reply = json_loads(texts[i], 0, NULL);

        forward_answer(new_call("GET", "/workshops/X/alive", NULL), reply);
        assert_int_equal(sent.status, 502);
        json_decref(reply);
    }
}

static void
commands_end_when_their_state_is_reached(void **state)
{
    static const struct {
        enum command command;
        enum child_state state;
        pid_t found, now;
        bool done;
    } cases[] = {
        {COMMAND_START, CHILD_STARTING, 0, 5, false},
        {COMMAND_START, CHILD_RUNNING, 0, 5, true},
        {COMMAND_START, CHILD_FAILED, 0, 0, true},
        {COMMAND_START, CHILD_BACKOFF, 0, 0, true},
        {COMMAND_START, CHILD_STOPPED, 0, 0, true},
        {COMMAND_START, CHILD_STOPPING, 5, 5, false},
        {COMMAND_RESTART, CHILD_STOPPING, 5, 5, false},
        {COMMAND_RESTART, CHILD_STARTING, 5, 6, false},
        {COMMAND_RESTART, CHILD_RUNNING, 5, 6, true},
        {COMMAND_STOP, CHILD_STOPPING, 5, 5, false},
        {COMMAND_STOP, CHILD_STOPPING, 5, 0, false},
        {COMMAND_STOP, CHILD_STOPPED, 5, 0, true},
        {COMMAND_STOP, CHILD_STARTING, 5, 6, true},
        {COMMAND_STOP, CHILD_STOPPED, 0, 0, true},
        {COMMAND_KILL, CHILD_STOPPING, 5, 5, false},
        {COMMAND_KILL, CHILD_STOPPED, 5, 0, true},
        {COMMAND_KILL, CHILD_STOPPED, 0, 0, true},
        {COMMAND_ACTIVATE, CHILD_STARTING, 0, 5, false},
        {COMMAND_ACTIVATE, CHILD_RUNNING, 0, 5, true},
        {COMMAND_DEACTIVATE, CHILD_STOPPING, 5, 5, false},
        {COMMAND_DEACTIVATE, CHILD_STOPPED, 5, 0, true},
        {COMMAND_CONFIGURE, CHILD_STOPPING, 5, 5, false},
        {COMMAND_CONFIGURE, CHILD_RUNNING, 5, 5, true},
        {COMMAND_CONFIGURE, CHILD_STOPPED, 0, 0, true},
        {COMMAND_TOKENS, CHILD_STARTING, 5, 6, false},
    };
    char alive[] = "{}";

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct child child = {
            .state = cases[i].state, .pid = cases[i].now, .status = {.alive = alive}};

        assert_int_equal(command_done(cases[i].command, &child, cases[i].found), cases[i].done);
        child.status.alive = NULL; /* a reply that does not show the change would be too early */
        if (child.state == CHILD_RUNNING)
            assert_false(command_done(cases[i].command, &child, cases[i].found));
    }
    assert_true(command_named("kill"));
    assert_true(command_named("deactivate"));
    assert_false(command_named("queue"));
}

static void
other_users_are_refused(void **state)
{
    static const gid_t more[] = {54322, 0};

    (void)state;
    assert_true(peer_user_allowed(0, 0, NULL, 0, ""));
    assert_true(peer_user_allowed(geteuid(), 54321, NULL, 0, ""));
    assert_false(peer_user_allowed(54321, 54321, NULL, 0, ""));
    assert_false(peer_user_allowed(54321, 54321, NULL, 0, "root"));
    assert_false(peer_user_allowed(54321, 54321, more, 2, "no-such-group-here"));
    assert_true(peer_user_allowed(54321, 0, NULL, 0, "root"));
    assert_true(peer_user_allowed(54321, 54321, more, 2, "root"));
    assert_false(peer_user_allowed(54321, 54321, more, 1, "root"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_forwarded_unchanged),
        cmocka_unit_test(its_author_is_forwarded),
        cmocka_unit_test(invalid_utf8_is_not_forwarded),
        cmocka_unit_test(a_reply_is_returned_unchanged),
        cmocka_unit_test(an_invalid_reply_is_502),
        cmocka_unit_test(commands_end_when_their_state_is_reached),
        cmocka_unit_test(other_users_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
