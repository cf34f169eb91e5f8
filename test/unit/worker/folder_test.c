/* The queue's folder, made and handed over. */
#include "test/unit/bare_root.h"
#include "test/unit/worker/fixture.h"
#include "worker/folder.h"

#define UID 54321
#define GID 54322

struct place {
    char state[64];
    char *folder;
};

static void
prepare(struct place *p, uid_t uid)
{
    struct err err = {.text = ""};

    free(p->folder);
    p->folder = folder_prepare(p->state, "bennys", uid, uid ? GID : 0, &err);
    if (!p->folder)
        fail_msg("%s", err.text);
}

static char *
inside(const struct place *p, const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", p->folder, name);
    return path;
}

static void
make(const struct place *p, const char *name, uid_t owner)
{
    int fd = open(inside(p, name), O_WRONLY | O_CREAT, 0600);

    assert_true(fd >= 0);
    assert_int_equal(fchown(fd, owner, owner), 0);
    close(fd);
}

static void
expect_owner(const char *path, uid_t owner)
{
    struct stat status;

    assert_int_equal(lstat(path, &status), 0);
    assert_int_equal(status.st_uid, owner);
}

static void
expect_mode(const char *path, mode_t mode)
{
    struct stat status;

    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, mode);
}

static void
test_modes(void **state)
{
    struct place *p = *state;
    mode_t before = umask(0077);
    char queues[80];

    assert_int_equal(rmdir(p->state), 0);
    prepare(p, 0);
    umask(before);
    snprintf(queues, sizeof queues, "%s/queues", p->state);
    expect_mode(p->state, 0711);
    expect_mode(queues, 0711);
    expect_mode(p->folder, 0700);
    prepare(p, 0);
    expect_owner(p->folder, geteuid());
}

static void
test_handover(void **state)
{
    struct place *p = *state;

    if (geteuid())
        skip(); /* only root gives files away */
    prepare(p, 0);
    make(p, "data.mdb", 0);
    assert_int_equal(mkdir(inside(p, "salvage"), 0700), 0);
    make(p, "salvage/data.mdb", 0);
    prepare(p, UID);
    expect_owner(p->folder, UID);
    expect_owner(inside(p, "data.mdb"), UID);
    expect_owner(inside(p, "salvage"), UID);
    expect_owner(inside(p, "salvage/data.mdb"), UID);
    expect_mode(p->folder, 0700);
    prepare(p, UID + 1);
    expect_owner(inside(p, "salvage/data.mdb"), UID + 1);
}

/* What whoever had the folder may have put there. */
static void
test_traps(void **state)
{
    struct place *p = *state;
    char victim[128], other[128];

    if (geteuid())
        skip();
    prepare(p, UID);
    snprintf(victim, sizeof victim, "%s/victim", p->state);
    snprintf(other, sizeof other, "%s/second", p->state);
    close(open(victim, O_WRONLY | O_CREAT, 0600));
    close(open(other, O_WRONLY | O_CREAT, 0600));
    assert_int_equal(chown(other, UID, UID), 0);
    assert_int_equal(symlink(victim, inside(p, "soft")), 0);
    assert_int_equal(symlink("..", inside(p, "up")), 0);
    assert_int_equal(link(victim, inside(p, "hard")), 0);
    assert_int_equal(link(other, inside(p, "shared")), 0);
    make(p, "roots", 0);
    assert_int_equal(mkfifo(inside(p, "fifo"), 0600), 0);
    prepare(p, UID + 1);
    expect_owner(p->folder, UID + 1);
    expect_owner(victim, 0);
    expect_owner(other, UID);
    expect_owner(inside(p, "roots"), 0);
    expect_owner(inside(p, "fifo"), 0);
    expect_owner(p->state, 0);
}

static void
test_a_link_is_no_folder(void **state)
{
    struct place *p = *state;
    struct err err = {.text = ""};
    char elsewhere[128];

    if (geteuid())
        skip();
    prepare(p, UID);
    assert_int_equal(rmdir(p->folder), 0);
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", p->state);
    assert_int_equal(mkdir(elsewhere, 0700), 0);
    assert_int_equal(symlink(elsewhere, p->folder), 0);
    assert_null(folder_prepare(p->state, "bennys", UID, GID, &err));
    assert_string_equal(err.code, "storage");
    expect_owner(elsewhere, 0);
}

/* With no more rights than the service has. */
static bool
change_hands(void *arg)
{
    struct place *p = arg;
    struct err err = {.text = ""};

    free(p->folder);
    p->folder = folder_prepare(p->state, "bennys", UID + 1, GID, &err);
    return p->folder;
}

static bool
take_back(void *arg)
{
    const struct place *p = arg;
    struct err err = {.text = ""};
    char *folder = folder_take_back(p->folder, &err);

    free(folder);
    return folder;
}

/* Its last user let in whom it liked, or nobody at all. */
static void
test_by_root_without_rights(void **state)
{
    struct place *p = *state;

    if (geteuid())
        skip();
    prepare(p, UID);
    make(p, "data.mdb", UID);
    assert_int_equal(chmod(p->folder, 0722), 0);
    assert_true(as_bare_root(change_hands, p));
    expect_owner(inside(p, "data.mdb"), UID + 1);
    expect_mode(p->folder, 0700);
    assert_int_equal(chmod(p->folder, 0), 0);
    assert_true(as_bare_root(change_hands, p));
    expect_mode(p->folder, 0700);
}

static void
test_roots_again(void **state)
{
    struct place *p = *state;

    if (geteuid())
        skip();
    prepare(p, UID);
    make(p, "data.mdb", UID);
    assert_int_equal(mkdir(inside(p, "salvage"), 0700), 0);
    make(p, "salvage/data.mdb", UID);
    assert_int_equal(chown(inside(p, "salvage"), UID, UID), 0);
    assert_true(as_bare_root(take_back, p));
    expect_owner(p->folder, 0);
    expect_owner(inside(p, "data.mdb"), 0);
    expect_owner(inside(p, "salvage/data.mdb"), 0);
}

static int
set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    log_open("test");
    folder_make(p->state);
    *state = p;
    return 0;
}

static int
tear_down(void **state)
{
    struct place *p = *state;

    folder_remove(p->state);
    free(p->folder);
    free(p);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_modes),
                                       TEST(test_handover),
                                       TEST(test_traps),
                                       TEST(test_a_link_is_no_folder),
                                       TEST(test_by_root_without_rights),
                                       TEST(test_roots_again)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
