/* The queue's folder, made and handed over. */
#include "test/unit/bare_root.h"
#include "test/unit/worker/fixture.h"
#include "worker/store/folder.h"

#define UID 54321
#define GID 54322

struct pinned_path {
    char state[64];
    char *folder;
};

static void
prepare(struct pinned_path *p, uid_t uid)
{
    struct err err = {.text = ""};

    free(p->folder);
    p->folder = folder_prepare(p->state, "bennys", uid, uid ? GID : 0, &err);
    if (!p->folder)
        fail_msg("%s", err.text);
}

static char *
inside(const struct pinned_path *p, const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", p->folder, name);
    return path;
}

static void
make(const struct pinned_path *p, const char *name, uid_t owner)
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
    struct pinned_path *p = *state;
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
    struct pinned_path *p = *state;

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

static void
expect_refused(struct pinned_path *p, uid_t uid, const char *words)
{
    struct err err = {.text = ""};

    assert_null(folder_prepare(p->state, "bennys", uid, GID, &err));
    assert_string_equal(err.code, "config");
    if (!strstr(err.text, words))
        fail_msg("%s", err.text);
    expect_owner(p->folder, uid ? UID : geteuid());
}

static void
expect_no_traps(struct pinned_path *p, uid_t next)
{
    char victim[128];

    snprintf(victim, sizeof victim, "%s/victim", p->state);
    close(open(victim, O_WRONLY | O_CREAT, 0600));
    assert_int_equal(symlink(victim, inside(p, "lock.mdb")), 0);
    assert_int_equal(lchown(inside(p, "lock.mdb"), UID, UID), 0);
    expect_refused(p, next, "lock.mdb, which is a symbolic link");
    unlink(inside(p, "lock.mdb"));
    assert_int_equal(mkfifo(inside(p, "closed"), 0600), 0);
    assert_int_equal(chown(inside(p, "closed"), UID, UID), 0);
    expect_refused(p, next, "closed, which is not a regular file");
    unlink(inside(p, "closed"));
    make(p, "mine", UID);
    assert_int_equal(link(inside(p, "mine"), victim), -1);
    unlink(victim);
    assert_int_equal(link(inside(p, "mine"), victim), 0);
    expect_refused(p, next, "a hard link elsewhere");
    unlink(victim);
    make(p, "roots", 0);
    expect_refused(p, next, "roots, which is owned by another user");
    unlink(inside(p, "roots"));
    assert_int_equal(mkdir(inside(p, "salvage"), 0700), 0);
    assert_int_equal(mkdir(inside(p, "salvage/deep"), 0700), 0);
    assert_int_equal(chown(inside(p, "salvage"), UID, UID), 0);
    expect_refused(p, next, "deep, which is a folder");
    assert_int_equal(rmdir(inside(p, "salvage/deep")), 0);
    assert_int_equal(mkdir(inside(p, "another"), 0700), 0);
    assert_int_equal(chown(inside(p, "another"), UID, UID), 0);
    expect_refused(p, next, "another, which is a folder");
    assert_int_equal(rmdir(inside(p, "another")), 0);
}

/* What the folder's owner may have put there, for the same user or for the next one. */
static void
test_traps(void **state)
{
    struct pinned_path *p = *state;

    if (geteuid())
        skip();
    prepare(p, UID);
    expect_no_traps(p, UID);
    assert_int_equal(rmdir(inside(p, "salvage")), 0);
    expect_no_traps(p, UID + 1);
    prepare(p, UID + 1);
    expect_owner(inside(p, "mine"), UID + 1);
}

/* And where the user does not change. */
static void
test_a_trap_for_ourselves(void **state)
{
    struct pinned_path *p = *state;

    prepare(p, 0);
    assert_int_equal(symlink("/nowhere", inside(p, "salvage.records")), 0);
    expect_refused(p, 0, "salvage.records, which is a symbolic link");
}

/* A salvage was cut off between the damaged file's second name and the new one's taking its place.
 */
static void
test_two_names_in_the_folder(void **state)
{
    struct pinned_path *p = *state;
    char aside[256];

    prepare(p, 0);
    make(p, "data.mdb", geteuid());
    snprintf(aside, sizeof aside, "%s/damaged-20261124T081530Z.mdb", p->folder);
    assert_int_equal(link(inside(p, "data.mdb"), aside), 0);
    prepare(p, 0);
    if (geteuid())
        return;
    prepare(p, UID);
    expect_owner(aside, UID);
}

static void
test_root_works_in_no_others(void **state)
{
    struct pinned_path *p = *state;
    struct err err;

    if (geteuid())
        skip();
    prepare(p, UID);
    assert_null(folder_prepare(p->state, "bennys", 0, 0, &err));
    assert_non_null(strstr(err.text, "cannot be used as root"));
}

static void
test_a_link_is_no_folder(void **state)
{
    struct pinned_path *p = *state;
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
    struct pinned_path *p = arg;
    struct err err = {.text = ""};

    free(p->folder);
    p->folder = folder_prepare(p->state, "bennys", UID + 1, GID, &err);
    return p->folder;
}

static bool
take_over(void *arg)
{
    const struct pinned_path *p = arg;
    struct err err = {.text = ""};
    char *folder = folder_take_over(p->folder, UID, GID, &err);

    free(folder);
    return folder;
}

/* Its last user may have given it any permissions. */
static void
test_by_root_without_rights(void **state)
{
    struct pinned_path *p = *state;

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

/* One of a removed workshop that an earlier version gave to root. */
static void
test_roots_no_more(void **state)
{
    struct pinned_path *p = *state;

    if (geteuid())
        skip();
    prepare(p, 0);
    make(p, "data.mdb", 0);
    assert_int_equal(mkdir(inside(p, "salvage"), 0700), 0);
    make(p, "salvage/data.mdb", 0);
    assert_true(as_bare_root(take_over, p));
    expect_owner(p->folder, UID);
    expect_owner(inside(p, "data.mdb"), UID);
    expect_owner(inside(p, "salvage/data.mdb"), UID);
}

static int
set_up(void **state)
{
    struct pinned_path *p = calloc(1, sizeof *p);

    log_open("test");
    folder_make(p->state);
    *state = p;
    return 0;
}

static int
tear_down(void **state)
{
    struct pinned_path *p = *state;

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
                                       TEST(test_roots_no_more),
                                       TEST(test_a_trap_for_ourselves),
                                       TEST(test_two_names_in_the_folder),
                                       TEST(test_root_works_in_no_others)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
