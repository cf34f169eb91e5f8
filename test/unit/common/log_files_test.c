/* Log files on their way from one process to another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>

#include "common/log_files.h"

static char folder[64], api_path[128], line_path[128];
static int pair[2];

static int
setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/log_files_test.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(api_path, sizeof api_path, "%s/bennys_api.log", folder);
    snprintf(line_path, sizeof line_path, "%s/bennys_create_orderline.log", folder);
    return socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
}

static int
teardown(void **state)
{
    (void)state;
    if (pair[0] >= 0)
        close(pair[0]);
    close(pair[1]);
    unlink(api_path);
    unlink(line_path);
    return rmdir(folder);
}

static ino_t
inode_of(int fd)
{
    struct stat status;

    assert_int_equal(fstat(fd, &status), 0);
    return status.st_ino;
}

static ino_t
inode_at(const char *path)
{
    struct stat status;

    assert_int_equal(stat(path, &status), 0);
    return status.st_ino;
}

static int
open_descriptors(void)
{
    DIR *all = opendir("/proc/self/fd");
    int count = 0;

    while (readdir(all))
        count++;
    closedir(all);
    return count;
}

static void
both_arrive(void **state)
{
    struct log_files sent = log_files_open(folder, "bennys", "Bennys"), got;
    struct err err;

    (void)state;
    assert_int_equal(log_files_send(pair[0], &sent, &err), 0);
    log_files_close(&sent);
    assert_int_equal(log_files_receive(pair[1], &got), 1);
    assert_int_equal(inode_of(got.fds[LOG_API]), inode_at(api_path));
    assert_int_equal(inode_of(got.fds[LOG_ORDERLINE]), inode_at(line_path));
    assert_int_equal(got.fds[LOG_NO_FILE], -1);
    assert_true(fcntl(got.fds[LOG_API], F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(got.fds[LOG_API], F_GETFL) & O_APPEND);
    log_files_close(&got);
    assert_int_equal(log_files_receive(pair[1], &got), -1); /* no more: nothing is waited for */
}

/* The place of one that could not be opened stays empty; the other is not taken for it. */
static void
one_alone_arrives_as_itself(void **state)
{
    struct log_files sent, got;
    struct err err;

    (void)state;
    assert_int_equal(symlink("/nonexistent", api_path), 0);
    sent = log_files_open(folder, "bennys", "Bennys");
    assert_int_equal(sent.fds[LOG_API], -1);
    assert_int_equal(log_files_send(pair[0], &sent, &err), 0);
    log_files_close(&sent);
    assert_int_equal(log_files_receive(pair[1], &got), 1);
    assert_int_equal(got.fds[LOG_API], -1);
    assert_int_equal(inode_of(got.fds[LOG_ORDERLINE]), inode_at(line_path));
    log_files_close(&got);
}

static void
none_arrive_where_none_can_be_opened(void **state)
{
    struct log_files sent = log_files_open("/nonexistent/folder", "bennys", "Bennys"), got;
    struct err err;

    (void)state;
    assert_int_equal(log_files_send(pair[0], &sent, &err), 0);
    assert_int_equal(log_files_receive(pair[1], &got), 1);
    assert_int_equal(got.fds[LOG_API], -1);
    assert_int_equal(got.fds[LOG_ORDERLINE], -1);
}

static void
the_end_is_told(void **state)
{
    struct log_files got;

    (void)state;
    close(pair[0]);
    pair[0] = -1;
    assert_int_equal(log_files_receive(pair[1], &got), 0);
}

/* Whatever a peer sends, no descriptor of it stays open here unnoticed. */
static void
what_is_no_log_file_is_closed(void **state)
{
    struct log_files sent = log_files_open(folder, "bennys", "Bennys"), got;
    char bytes[8] = {0};
    struct iovec vector = {bytes, 1};
    char room[CMSG_SPACE(2 * sizeof(int))] __attribute__((aligned(8))) = {0};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    int before = open_descriptors();

    (void)state;
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(2 * sizeof(int));
    memcpy(CMSG_DATA(rights), &sent.fds[LOG_API], 2 * sizeof(int));
    assert_int_equal(sendmsg(pair[0], &message, 0), 1);
    assert_int_equal(log_files_receive(pair[1], &got), -1);
    vector.iov_len = LOG_FILES; /* the right length, and none of them named */
    assert_int_equal(sendmsg(pair[0], &message, 0), LOG_FILES);
    assert_int_equal(log_files_receive(pair[1], &got), 1);
    assert_int_equal(got.fds[LOG_API], -1);
    assert_int_equal(open_descriptors(), before);
    log_files_close(&sent);
}

/* One that does not read must not hold the sender up. */
static void
a_full_socket_is_an_error(void **state)
{
    struct log_files sent = log_files_open(folder, "bennys", "Bennys");
    struct err err;
    int count = 0;

    (void)state;
    while (count < 100000 && log_files_send(pair[0], &sent, &err) == 0)
        count++;
    assert_in_range(count, 1, 99999);
    assert_string_equal(err.code, "log_files");
    log_files_close(&sent);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(both_arrive),
                                       TEST(one_alone_arrives_as_itself),
                                       TEST(none_arrive_where_none_can_be_opened),
                                       TEST(the_end_is_told),
                                       TEST(what_is_no_log_file_is_closed),
                                       TEST(a_full_socket_is_an_error)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
