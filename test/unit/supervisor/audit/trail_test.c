/* The audit trail: its lines, its files, and what is found in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/loop.h"
#include "common/base/secret.h"
#include "supervisor/audit/trail.h"

static struct event_base *base;
static char folder[64];
static int status;
static char *body;
static bool replied;

static int
set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/trail-XXXXXX");
    assert_non_null(mkdtemp(folder));
    base = loop_new();
    return 0;
}

static int
tear_down(void **state)
{
    char *command = mem_format("rm -r %s", folder);

    (void)state;
    event_base_free(base);
    assert_int_equal(system(command), 0);
    free(command);
    free(body);
    body = NULL;
    return 0;
}

static void
keep_reply(struct call *call, int new_status, const char *type, const char *text, size_t length)
{
    (void)call;
    (void)type;
    free(body);
    status = new_status;
    body = strndup(text, length);
    replied = true;
}

static json_t *
search(struct trail *trail, const char *query)
{
    char *target = mem_format("/audit%s", query);
    struct call *call = call_new("GET", target, NULL, 0, NULL, NULL);

    call->send = keep_reply;
    replied = false;
    trail_search(trail, call);
    while (!replied)
        event_base_loop(base, EVLOOP_ONCE);
    free(target);
    return json_loads(body, 0, NULL);
}

static void
add(struct trail *trail, const char *slug, const char *who, const char *what)
{
    trail_add(trail,
              json_pack("{ss ss s{ss ss} ss ss si}", "workshop", slug, "slug", slug, "by", "who",
                        who, "via", "socket", "user", "root", "what", what, "status", 200));
}

/* The last letters of what was done, in the order of the reply. */
static void
expect(struct trail *trail, const char *query, const char *letters)
{
    json_t *reply = search(trail, query);
    const json_t *entries = json_object_get(reply, "entries");
    char found[64] = "";

    assert_int_equal(status, 200);
    for (size_t i = 0; i < json_array_size(entries); i++)
        found[i] = *json_string_value(json_object_get(json_array_get(entries, i), "what"));
    assert_string_equal(found, letters);
    json_decref(reply);
}

static void
the_newest_come_first(void **state)
{
    struct trail *trail = trail_open(base, folder, "", TRAIL_FILE_BYTES);
    json_t *page, *next;
    char *query;

    (void)state;
    expect(trail, "", "");
    add(trail, "bennys", "ann", "a");
    add(trail, "carls", "bob", "b");
    add(trail, "bennys", "bob", "c");
    expect(trail, "", "cba");
    expect(trail, "?workshop=bennys", "ca");
    expect(trail, "?by=bob", "cb");
    expect(trail, "?by=root", "cba");
    expect(trail, "?by=bob&workshop=bennys", "c");
    expect(trail, "?from=2020-01-01T00:00:00Z", "cba");
    expect(trail, "?from=2999-01-01T00:00:00Z", "");
    expect(trail, "?to=2020-01-01T00:00:00Z", "");
    page = search(trail, "?limit=2");
    next = json_object_get(page, "next");
    assert_true(json_is_string(next));
    query = mem_format("?limit=2&after=%s", json_string_value(next));
    add(trail, "bennys", "ann", "d"); /* moves no page */
    expect(trail, query, "a");
    json_decref(page);
    free(query);
    trail_close(trail);
}

static void
bad_questions_are_400(void **state)
{
    static const char *const queries[] = {"?limit=0", "?limit=1001", "?after=x",
                                          "?after=",  "?from=now",   "?to=1"};
    struct trail *trail = trail_open(base, folder, "", TRAIL_FILE_BYTES);

    (void)state;
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        json_decref(search(trail, queries[i]));
        assert_int_equal(status, 400);
    }
    trail_close(trail);
}

static bool
exists(const char *name)
{
    char *path = mem_format("%s/%s", folder, name);
    bool found = access(path, F_OK) == 0;

    free(path);
    return found;
}

static void
full_files_are_kept_aside(void **state)
{
    struct trail *trail = trail_open(base, folder, "", 400);
    struct stat made;
    char *path = mem_format("%s/audit.jsonl", folder);

    (void)state;
    for (char what[] = "a"; *what <= 'j'; ++*what)
        add(trail, "bennys", "ann", what);
    assert_true(exists("audit.jsonl.1") && exists("audit.jsonl.2"));
    assert_int_equal(stat(path, &made), 0);
    assert_int_equal(made.st_mode & 0777, 0640);
    assert_true(made.st_size <= 400);
    expect(trail, "", "jihgfedcba");
    for (int i = 0; i < 3 * TRAIL_FILES; i++)
        add(trail, "bennys", "ann", "z");
    assert_true(exists("audit.jsonl.31"));
    assert_false(exists("audit.jsonl.32"));
    trail_close(trail);
    free(path);
}

/* Ids go on growing, and what a dead daemon could write in part only disturbs nothing. */
static void
it_goes_on_after_a_death(void **state)
{
    struct trail *trail = trail_open(base, folder, "", TRAIL_FILE_BYTES);
    char *path = mem_format("%s/audit.jsonl", folder);
    int fd;

    (void)state;
    add(trail, "bennys", "ann", "a");
    trail_close(trail);
    fd = open(path, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "{\"id\":9007199254740000,\"what\":\"lost", 34), 34);
    close(fd);
    trail = trail_open(base, folder, "", TRAIL_FILE_BYTES);
    add(trail, "bennys", "ann", "b");
    expect(trail, "", "ba");
    trail_close(trail);
    free(path);
}

static void
it_follows_a_rotation_by_others(void **state)
{
    struct trail *trail = trail_open(base, folder, "", TRAIL_FILE_BYTES);
    char *path = mem_format("%s/audit.jsonl", folder), *aside = mem_format("%s.1", path);

    (void)state;
    add(trail, "bennys", "ann", "a");
    assert_int_equal(rename(path, aside), 0);
    trail_reopen(trail);
    add(trail, "bennys", "ann", "b");
    expect(trail, "", "ba");
    assert_true(exists("audit.jsonl"));
    trail_close(trail);
    free(aside);
    free(path);
}

/* Whatever is at the path: the daemon goes on. */
static void
no_link_is_followed(void **state)
{
    char *path = mem_format("%s/audit.jsonl", folder), *target = mem_format("%s/target", folder);
    struct trail *trail;

    (void)state;
    assert_int_equal(symlink(target, path), 0);
    trail = trail_open(base, folder, "", TRAIL_FILE_BYTES);
    add(trail, "bennys", "ann", "a");
    assert_false(exists("target"));
    unlink(path);
    add(trail, "bennys", "ann", "b");
    expect(trail, "", "b");
    trail_close(trail);
    free(target);
    free(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_newest_come_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_questions_are_400, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_files_are_kept_aside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_goes_on_after_a_death, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_follows_a_rotation_by_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_link_is_followed, set_up, tear_down),
    };

    secret_start();
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
