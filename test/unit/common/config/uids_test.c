/* Users for workers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/config/uids.h"

#define FIRST 1234567

struct fixture {
    char state[64];
    struct uids *uids;
    struct daemon_config config;
};

static void
queue(const struct fixture *f, const char *name, uid_t owner)
{
    char path[256];

    snprintf(path, sizeof path, "%s/queues/%s", f->state, name);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(chown(path, owner, owner), 0);
}

static void
look(struct fixture *f)
{
    if (f->uids)
        uids_free(f->uids);
    f->uids = uids_new(f->state);
}

/* The uid assigned to slug, or -1 if refused. */
static long
take(struct fixture *f, const char *slug, const char *user)
{
    struct workshop_config w = {.user = user};
    struct err err;
    uid_t uid;
    gid_t gid;

    text_copy(w.slug, sizeof w.slug, slug);
    if (uids_take(f->uids, &f->config, &w, &uid, &gid, &err))
        return -1;
    if (!user)
        assert_int_equal(uid, gid);
    return uid;
}

static void
test_the_lowest_that_is_free(void **state)
{
    struct fixture *f = *state;

    if (geteuid())
        skip(); /* only root assigns uids */
    queue(f, "a", FIRST);
    queue(f, "kept-aside.b", FIRST + 1);
    queue(f, "c", 0);
    look(f);
    assert_int_equal(take(f, "new", NULL), FIRST + 2);
    assert_int_equal(take(f, "c", NULL), FIRST + 3);
    assert_int_equal(take(f, "a", NULL), FIRST);
    assert_int_equal(take(f, "new", NULL), FIRST + 2);
    assert_int_equal(take(f, "one-more", NULL), -1);
}

/* its files still belong to that uid */
static void
test_a_removed_queue_keeps_its_user(void **state)
{
    struct fixture *f = *state;
    char path[256];

    if (geteuid())
        skip();
    snprintf(path, sizeof path, "%s/removed", f->state);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/removed/a-20261125T000000Z", f->state);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/removed/a-20261125T000000Z/queue", f->state);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(chown(path, FIRST, FIRST), 0);
    look(f);
    assert_int_equal(take(f, "a", NULL), FIRST + 1);
    assert_int_equal(take(f, "b", NULL), FIRST + 2);
}

static void
test_one_user_of_two_queues(void **state)
{
    struct fixture *f = *state;

    if (geteuid())
        skip();
    queue(f, "a", FIRST);
    queue(f, "b", FIRST);
    look(f);
    assert_int_equal(take(f, "a", NULL), FIRST + 1);
    assert_int_equal(take(f, "b", NULL), FIRST);
}

static void
test_out_of_the_range(void **state)
{
    struct fixture *f = *state;

    if (geteuid())
        skip();
    queue(f, "a", FIRST - 1);
    queue(f, "b", FIRST + 4);
    look(f);
    assert_int_equal(take(f, "a", NULL), FIRST);
    assert_int_equal(take(f, "b", NULL), FIRST + 1);
}

static void
test_named(void **state)
{
    struct fixture *f = *state;

    if (geteuid())
        skip();
    look(f);
    assert_int_equal(take(f, "a", "nobody"), 65534);
    assert_int_equal(take(f, "b", "nobody"), 65534);
    assert_int_equal(take(f, "c", "root"), -1);
    assert_int_equal(take(f, "c", "no-such-user"), -1);
}

/* A uid that exists in the user database is not assigned, even inside the range. */
static void
test_a_user_of_the_system(void **state)
{
    struct fixture *f = *state;

    if (geteuid())
        skip();
    f->config.uid_first = 65533;
    look(f);
    assert_int_equal(take(f, "a", NULL), 65533);
    assert_int_equal(take(f, "b", NULL), 65535);
}

static void
test_the_slice(void **state)
{
    struct fixture *f = *state;
    struct workshop_config w = {.slug = "a"}, bad = {.slug = "b", .user = "no-such-user"};
    json_t *slice = json_object(), *refused = json_object();

    look(f);
    uids_tell(f->uids, &f->config, &w, slice);
    uids_tell(f->uids, &f->config, &bad, refused);
    if (geteuid()) {
        assert_int_equal(json_object_size(slice), 0);
    } else {
        assert_int_equal(json_integer_value(json_object_get(slice, "uid")), FIRST);
        assert_int_equal(json_integer_value(json_object_get(slice, "gid")), FIRST);
        assert_non_null(json_string_value(json_object_get(refused, "refuse")));
        assert_null(json_object_get(refused, "uid"));
    }
    json_decref(slice);
    json_decref(refused);
}

static int
set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    char path[128];

    strcpy(f->state, "/tmp/pumpline-test-XXXXXX");
    assert_non_null(mkdtemp(f->state));
    snprintf(path, sizeof path, "%s/queues", f->state);
    assert_int_equal(mkdir(path, 0700), 0);
    f->config = (struct daemon_config){.uid_first = FIRST, .uid_count = 4};
    *state = f;
    return 0;
}

static int
remove_entry(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    (void)status;
    (void)kind;
    (void)at;
    return remove(path);
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;

    nftw(f->state, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    uids_free(f->uids);
    free(f);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_the_lowest_that_is_free),
                                       TEST(test_a_removed_queue_keeps_its_user),
                                       TEST(test_one_user_of_two_queues),
                                       TEST(test_out_of_the_range),
                                       TEST(test_named),
                                       TEST(test_a_user_of_the_system),
                                       TEST(test_the_slice)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
