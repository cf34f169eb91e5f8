/* A driver's file requests: a file is complete and on disk, or absent. */
#include "test/unit/worker/fixture.h"

#include <errno.h>
#include <seccomp.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "worker/io/files.h"

static int
setup(void **state)
{
    char *folder = malloc(64);

    folder_make(folder);
    *state = folder;
    return 0;
}

static int
teardown(void **state)
{
    folder_remove(*state);
    free(*state);
    return 0;
}

/* A path in the test's folder; the last four results stay valid. */
static char *
path_of(void **state, const char *name)
{
    static char paths[4][160];
    static int next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", (const char *)*state, name);
    return path;
}

static int
perform(enum erp_request_kind kind, char *url, char *target, const char *body, size_t length)
{
    struct erp_request request = {
        .kind = kind, .url = url, .target = target, .body = (char *)body, .body_length = length};
    struct erp_reply reply;
    char *got;

    files_perform(&request, &reply, &got);
    assert_true(reply.sent);
    assert_true(reply.complete);
    assert_int_equal(reply.error != NULL, reply.status != 200);
    free(got);
    return reply.status;
}

static int
file_write(char *path, const char *text)
{
    return perform(ERP_FILE_WRITE, path, NULL, text, strlen(text));
}

static int
file_rename(char *from, char *to)
{
    return perform(ERP_FILE_RENAME, from, to, NULL, 0);
}

/* Reads and expects this content. */
static void
assert_reads(char *path, const char *content, size_t length)
{
    struct erp_request request = {.kind = ERP_FILE_READ, .url = path};
    struct erp_reply reply;
    char *body;

    files_perform(&request, &reply, &body);
    assert_int_equal(reply.status, 200);
    assert_null(reply.error);
    assert_ptr_equal(reply.body, body);
    assert_int_equal(reply.body_length, length);
    assert_memory_equal(body, content, length);
    assert_int_equal(body[length], '\0');
    free(body);
}

static int
read_status(char *path)
{
    return perform(ERP_FILE_READ, path, NULL, NULL, 0);
}

static void
a_written_and_renamed_file_is_read(void **state)
{
    static const char content[] = "a;\0;\xc3\xa4\r\n";
    char *part = path_of(state, ".u-1.part"), *whole = path_of(state, "u-1.csv");

    assert_int_equal(perform(ERP_FILE_WRITE, part, NULL, content, sizeof content), 200);
    assert_int_equal(read_status(whole), 404);
    assert_int_equal(file_rename(part, whole), 200);
    assert_int_equal(read_status(part), 404);
    assert_reads(whole, content, sizeof content);
}

static void
an_empty_file_is_a_file(void **state)
{
    char *path = path_of(state, "empty");

    assert_int_equal(file_write(path, ""), 200);
    assert_reads(path, "", 0);
}

static void
a_write_replaces_the_whole(void **state)
{
    char *path = path_of(state, "u-1.csv");

    assert_int_equal(file_write(path, "a long line of an earlier attempt"), 200);
    assert_int_equal(file_write(path, "short"), 200);
    assert_reads(path, "short", 5);
}

static void
a_rename_replaces(void **state)
{
    char *old = path_of(state, "old"), *new = path_of(state, "new");

    assert_int_equal(file_write(old, "old"), 200);
    assert_int_equal(file_write(new, "new"), 200);
    assert_int_equal(file_rename(new, old), 200);
    assert_reads(old, "new", 3);
}

static void
a_file_is_not_world_readable(void **state)
{
    char *path = path_of(state, "u-1.csv");
    mode_t mask = umask(0);
    struct stat status;

    assert_int_equal(file_write(path, "x"), 200);
    umask(mask);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
}

static void
a_missing_folder_is_404(void **state)
{
    char *there = path_of(state, "there"), *nowhere = path_of(state, "no/where");

    assert_int_equal(file_write(nowhere, "x"), 404);
    assert_int_equal(read_status(nowhere), 404);
    assert_int_equal(file_write(there, "x"), 200);
    assert_int_equal(file_rename(there, nowhere), 404);
    assert_reads(there, "x", 1);
    assert_int_equal(file_rename(path_of(state, "nothing"), there), 404);
    assert_reads(there, "x", 1);
}

static void
a_folder_is_refused(void **state)
{
    char *folder = path_of(state, "folder"), *file = path_of(state, "file");

    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(file_write(folder, "x"), 500);
    assert_int_equal(read_status(folder), 500);
    assert_int_equal(file_write(file, "x"), 200);
    assert_int_equal(file_rename(file, folder), 500);
    assert_reads(file, "x", 1);
}

/* Others who can write to the folder must not redirect the worker. */
static void
a_symlink_is_refused(void **state)
{
    char *link = path_of(state, "link"), *elsewhere = path_of(state, "elsewhere");

    assert_int_equal(file_write(elsewhere, "untouched"), 200);
    assert_int_equal(symlink(elsewhere, link), 0);
    assert_int_equal(file_write(link, "x"), 500);
    assert_int_equal(read_status(link), 500);
    assert_reads(elsewhere, "untouched", 9);
}

static void
a_large_file_is_read_up_to_the_limit(void **state)
{
    char *path = path_of(state, "large"), *content = malloc(FILES_BYTES_MAX + 100);

    memset(content, 'x', FILES_BYTES_MAX + 100);
    assert_int_equal(perform(ERP_FILE_WRITE, path, NULL, content, FILES_BYTES_MAX), 200);
    assert_reads(path, content, FILES_BYTES_MAX);
    assert_int_equal(perform(ERP_FILE_WRITE, path, NULL, content, FILES_BYTES_MAX + 100), 200);
    assert_int_equal(read_status(path), 500);
    free(content);
}

/* Opening it for reading would block. */
static void
a_pipe_is_refused(void **state)
{
    char *path = path_of(state, "pipe");

    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(read_status(path), 500);
}

static void
an_http_request_is_refused(void **state)
{
    assert_int_equal(perform(ERP_HTTP, path_of(state, "x"), NULL, NULL, 0), 500);
}

static void
a_full_disk_leaves_no_part(void **state)
{
    char *mount_point = path_of(state, "small"), *path = path_of(state, "small/u-1.csv");
    size_t length = 1 << 20;
    char *content;
    int status, there;

    assert_int_equal(mkdir(mount_point, 0700), 0);
    if (mount("none", mount_point, "tmpfs", 0, "size=64k")) {
        print_message("no tmpfs can be mounted here\n");
        skip();
    }
    content = malloc(length);
    memset(content, 'x', length);
    status = perform(ERP_FILE_WRITE, path, NULL, content, length);
    there = access(path, F_OK) == 0;
    umount(mount_point);
    free(content);
    assert_int_equal(status, 507);
    assert_false(there);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Status of a rename if fsync of the folder fails with this errno. */
static int
rename_where_fsync_fails(void **state, int number)
{
    int status;
    pid_t child;

    assert_int_equal(file_write(path_of(state, ".a.tmp"), "line"), 200);
    child = fork();
    if (child == 0) {
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

        if (seccomp_rule_add(filter, SCMP_ACT_ERRNO((unsigned)number), SCMP_SYS(fsync), 0) ||
            seccomp_load(filter))
            _exit(0);
        _exit(perform(ERP_FILE_RENAME, path_of(state, ".a.tmp"), path_of(state, "a"), NULL, 0) /
              10);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return 10 * WEXITSTATUS(status);
}

static void
a_share_without_folder_sync_is_accepted(void **state)
{
    assert_int_equal(rename_where_fsync_fails(state, EINVAL), 200);
    assert_int_equal(rename_where_fsync_fails(state, EOPNOTSUPP), 200);
    assert_int_equal(rename_where_fsync_fails(state, EIO), 500);
}

/* Those of several orders: each has its own outcome. */
static void
a_group_is_carried_out_together(void **state)
{
    struct erp_request requests[] = {
        {.kind = ERP_FILE_WRITE,
         .url = path_of(state, ".a"),
         .body = (char *)"a",
         .body_length = 1},
        {.kind = ERP_FILE_WRITE,
         .url = path_of(state, "no/b"),
         .body = (char *)"b",
         .body_length = 1},
        {.kind = ERP_FILE_RENAME, .url = path_of(state, "old"), .target = path_of(state, "new")}};
    struct files_call calls[] = {
        {.request = &requests[0]}, {.request = &requests[1]}, {.request = &requests[2]}};

    assert_int_equal(file_write(requests[2].url, "c"), 200);
    files_perform_all(calls, 3);
    assert_int_equal(calls[0].reply.status, 200);
    assert_int_equal(calls[1].reply.status, 404);
    assert_int_equal(calls[2].reply.status, 200);
    assert_reads(requests[0].url, "a", 1);
    assert_reads(requests[2].target, "c", 1);
    assert_int_equal(read_status(requests[2].url), 404);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_share_without_folder_sync_is_accepted),
        TEST(a_written_and_renamed_file_is_read),
        TEST(an_empty_file_is_a_file),
        TEST(a_write_replaces_the_whole),
        TEST(a_rename_replaces),
        TEST(a_file_is_not_world_readable),
        TEST(a_missing_folder_is_404),
        TEST(a_folder_is_refused),
        TEST(a_symlink_is_refused),
        TEST(a_large_file_is_read_up_to_the_limit),
        TEST(a_pipe_is_refused),
        TEST(an_http_request_is_refused),
        TEST(a_full_disk_leaves_no_part),
        TEST(a_group_is_carried_out_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
