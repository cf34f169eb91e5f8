/* Whether a path still leads to the opened file, even if the user cannot look it up. */
#include "test/unit/worker/fixture.h"

#include <sys/fsuid.h>
#include <sys/mount.h>

#include "common/sandbox/pinned_path.h"
#include "worker/io/files.h"

#define UID 54321

struct scene {
    char above[64], path[80], other[80];
    struct pinned_path *pinned;
};

static int
set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);

    log_open("test");
    folder_make(s->above); /* 0700 */
    snprintf(s->path, sizeof s->path, "%s/lines", s->above);
    snprintf(s->other, sizeof s->other, "%s/other", s->above);
    assert_int_equal(mkdir(s->path, 0755), 0);
    s->pinned = pinned_path_open(s->path);
    *state = s;
    return 0;
}

static int
tear_down(void **state)
{
    struct scene *s = *state;

    files_use(NULL);
    pinned_path_close(s->pinned);
    folder_remove(s->above);
    free(s);
    return 0;
}

/* As a user without access to the parent folder. */
static enum pinned_path_state
look_from_outside(const struct scene *s)
{
    uid_t own = (uid_t)setfsuid(UID);
    enum pinned_path_state now = pinned_path_look(s->pinned);

    setfsuid(own);
    return now;
}

/* hidden: the result for such a user, if the tests can switch to one. */
static void
expect(const struct scene *s, enum pinned_path_state seen, enum pinned_path_state hidden)
{
    assert_int_equal(pinned_path_look(s->pinned), seen);
    if (!geteuid())
        assert_int_equal(look_from_outside(s), hidden);
}

static void
test_the_same(void **state)
{
    struct scene *s = *state;

    expect(s, PINNED_SAME, PINNED_SAME);
}

static void
test_gone(void **state)
{
    struct scene *s = *state;

    assert_int_equal(rmdir(s->path), 0);
    expect(s, PINNED_GONE, PINNED_HIDDEN);
}

static void
test_another_took_its_name(void **state)
{
    struct scene *s = *state;

    assert_int_equal(rename(s->path, s->other), 0);
    expect(s, PINNED_GONE, PINNED_HIDDEN);
    assert_int_equal(mkdir(s->path, 0755), 0);
    expect(s, PINNED_OTHER, PINNED_HIDDEN);
}

static void
test_a_share_over_it(void **state)
{
    struct scene *s = *state;

    if (mount("none", s->path, "tmpfs", 0, NULL))
        skip();
    expect(s, PINNED_OTHER, PINNED_HIDDEN);
    assert_int_equal(umount(s->path), 0);
    expect(s, PINNED_SAME, PINNED_SAME);
}

/* The kernel's mount list escapes a space as \040. */
static void
test_a_share_over_a_folder_with_a_space(void **state)
{
    struct scene *s = *state;

    snprintf(s->path, sizeof s->path, "%s/our lines", s->above);
    assert_int_equal(mkdir(s->path, 0755), 0);
    pinned_path_close(s->pinned);
    s->pinned = pinned_path_open(s->path);
    if (mount("none", s->path, "tmpfs", 0, NULL))
        skip();
    expect(s, PINNED_OTHER, PINNED_HIDDEN);
    assert_int_equal(umount(s->path), 0);
}

static void
test_not_there_yet(void **state)
{
    struct scene *s = *state;

    assert_int_equal(rmdir(s->path), 0);
    pinned_path_close(s->pinned);
    s->pinned = pinned_path_open(s->path);
    expect(s, PINNED_GONE, PINNED_GONE);
    s->pinned->opened_ms -= 60000;
    expect(s, PINNED_GONE, PINNED_HIDDEN);
    assert_int_equal(mkdir(s->path, 0755), 0);
    expect(s, PINNED_OTHER, PINNED_HIDDEN);
    assert_null(pinned_path_real(s->pinned));
}

static void
test_its_name(void **state)
{
    struct scene *s = *state;
    char *real;

    assert_int_equal(symlink(s->path, s->other), 0);
    strcat(s->other, "//");
    pinned_path_close(s->pinned);
    s->pinned = pinned_path_open(s->other);
    real = pinned_path_real(s->pinned);
    assert_string_equal(real, s->path);
    free(real);
    s->other[strlen(s->other) - 2] = '\0';
    assert_string_equal(s->pinned->path, s->other);
}

/* Nothing is written to a folder that its path no longer leads to. */
static void
test_files_follow_the_path(void **state)
{
    struct scene *s = *state;
    char path[96], moved[96];
    struct erp_request request = {
        .kind = ERP_FILE_WRITE, .url = path, .body = (char *)"x", .body_length = 1};
    struct erp_reply reply;
    char *body;
    uid_t own;

    if (geteuid())
        skip();
    snprintf(path, sizeof path, "%s/a.csv", s->path);
    snprintf(moved, sizeof moved, "%s/a.csv", s->other);
    assert_int_equal(chown(s->path, UID, UID), 0);
    files_use(s->pinned);
    own = (uid_t)setfsuid(UID);
    files_perform(&request, &reply, &body);
    setfsuid(own);
    assert_int_equal(reply.status, 200);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rename(s->path, s->other), 0);
    setfsuid(UID);
    files_perform(&request, &reply, &body);
    setfsuid(own);
    assert_int_equal(reply.status, 404);
    assert_int_equal(access(moved, F_OK), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_the_same),
                                       TEST(test_gone),
                                       TEST(test_another_took_its_name),
                                       TEST(test_a_share_over_it),
                                       TEST(test_a_share_over_a_folder_with_a_space),
                                       TEST(test_not_there_yet),
                                       TEST(test_its_name),
                                       TEST(test_files_follow_the_path)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
