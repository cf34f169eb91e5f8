/* Log lines as written to files and stderr. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/log.h"
#include "common/base/log_files.h"
#include "common/base/log_limit.h"

static char folder[64], api_file[128], line_file[128], moved_file[128], errors_file[128];
static int kept_stderr;

static void
name_file(char *to, const char *name)
{
    snprintf(to, 128, "%s/%s", folder, name);
}

static int
setup(void **state)
{
    int fd;

    (void)state;
    strcpy(folder, "/tmp/log_test.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    name_file(api_file, "bennys_api.log");
    name_file(line_file, "bennys_create_orderline.log");
    name_file(moved_file, "bennys_api.log.1");
    name_file(errors_file, "stderr");
    fd = open(errors_file, O_WRONLY | O_CREAT | O_APPEND, 0600);
    kept_stderr = dup(STDERR_FILENO);
    dup2(fd, STDERR_FILENO);
    close(fd);
    unsetenv("JOURNAL_STREAM");
    log_open("Bennys Auto");
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    log_close();
    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
    unlink(api_file);
    unlink(line_file);
    unlink(moved_file);
    unlink(errors_file);
    return rmdir(folder);
}

static const char *
content(const char *file)
{
    static char text[32768];
    FILE *stream = fopen(file, "r");
    size_t length = stream ? fread(text, 1, sizeof text - 1, stream) : 0;

    if (stream)
        fclose(stream);
    text[length] = '\0';
    return text;
}

static int
lines(const char *text)
{
    int count = 0;

    while (*text)
        count += *text++ == '\n';
    return count;
}

/* The one line in file: `head`, a time, `tail`. */
static void
expect_line(const char *file, const char *head, const char *tail)
{
    const char *text = content(file), *time = text + strlen(head);

    assert_int_equal(lines(text), 1);
    assert_memory_equal(text, head, strlen(head));
    assert_true(strlen(time) > 25);
    assert_true(time[10] == 'T' && time[19] == '.' && time[23] == 'Z' && time[24] == ' ');
    assert_string_equal(time + 25, tail);
    assert_int_equal(truncate(file, 0), 0);
}

static void
test_line(void **state)
{
    (void)state;
    log_write(LOG_INFO, LOG_NO_FILE, NULL, "%d orders", 3);
    expect_line(errors_file, "Bennys Auto: ", "INFO 3 orders\n");
    log_write(LOG_ERROR, LOG_NO_FILE, "u-1", "it broke");
    expect_line(errors_file, "Bennys Auto: [u-1] ", "ERROR it broke\n");
    log_warning("%s", "careful");
    expect_line(errors_file, "Bennys Auto: ", "WARNING careful\n");
    log_write(LOG_DEBUG, LOG_API, NULL, "no file is open");
    expect_line(errors_file, "Bennys Auto: ", "DEBUG no file is open\n");
}

/* Text from a client or an ERP cannot start a new line. */
static void
test_escapes(void **state)
{
    (void)state;
    log_write(LOG_INFO, LOG_NO_FILE, "u\n2026", "a\r\nb\tc\x1b[31m\x7f ä € %s", "\x01");
    expect_line(errors_file, "Bennys Auto: [u\\x0a2026] ",
                "INFO a\\x0d\\x0ab\\x09c\\x1b[31m\\x7f ä € \\x01\n");
    log_write(LOG_INFO, LOG_NO_FILE, NULL, "C1 \xc2\x9b[31m \xc2\xa0 end \xc2");
    expect_line(errors_file, "Bennys Auto: ", "INFO C1 \\x9b[31m \xc2\xa0 end \xc2\n");
    log_open("Shop\nevil");
    log_write(LOG_INFO, LOG_NO_FILE, NULL, "x");
    expect_line(errors_file, "Shop\\x0aevil: ", "INFO x\n");
}

static void
test_long(void **state)
{
    static char text[10000];

    (void)state;
    memset(text, '\n', sizeof text - 1); /* each byte is escaped as four */
    log_open(text);
    log_write(LOG_INFO, LOG_NO_FILE, text, "%s", text);
    assert_int_equal(lines(content(errors_file)), 1);
    assert_in_range(strlen(content(errors_file)), 4000, 4096);
}

static void
test_journal(void **state)
{
    (void)state;
    setenv("JOURNAL_STREAM", "8:1", 1);
    log_open("p");
    log_open_files(folder, "bennys");
    log_write(LOG_ERROR, LOG_API, "u", "x");
    expect_line(errors_file, "<3>p: [u] ", "ERROR x\n");
    log_about(LOG_WARNING, "Carls Cars", "%d", 1);
    expect_line(errors_file, "<4>Carls Cars: ", "WARNING 1\n");
    expect_line(api_file, "p: [u] ", "ERROR x\n");
    unsetenv("JOURNAL_STREAM");
}

static void
test_files(void **state)
{
    struct stat file;

    (void)state;
    umask(0);
    log_open_files(folder, "bennys");
    log_info("to the API's");
    log_write(LOG_INFO, LOG_ORDERLINE, "u-1", "to the lines'");
    log_write(LOG_INFO, LOG_NO_FILE, NULL, "to neither");
    assert_int_equal(lines(content(errors_file)), 3);
    expect_line(api_file, "Bennys Auto: ", "INFO to the API's\n");
    expect_line(line_file, "Bennys Auto: [u-1] ", "INFO to the lines'\n");
    assert_int_equal(stat(api_file, &file), 0);
    assert_int_equal(file.st_mode & 07777, 0640);
}

static void
test_append(void **state)
{
    (void)state;
    log_open_files(folder, "bennys");
    log_info("one");
    log_close();
    log_open_files(folder, "bennys");
    log_info("two");
    assert_int_equal(lines(content(api_file)), 2);
}

static void
test_reopen(void **state)
{
    (void)state;
    log_open_files(folder, "bennys");
    log_info("before");
    assert_int_equal(rename(api_file, moved_file), 0);
    log_info("still");
    assert_int_equal(lines(content(moved_file)), 2);
    log_reopen();
    log_info("after");
    assert_int_equal(lines(content(moved_file)), 2);
    expect_line(api_file, "Bennys Auto: ", "INFO after\n");
}

/* An unwritable log is reported and skipped. */
static void
test_no_folder(void **state)
{
    int reported;

    (void)state;
    log_open_files("/nonexistent/folder", "bennys");
    reported = lines(content(errors_file));
    assert_true(reported >= 2);
    assert_non_null(strstr(content(errors_file), "/nonexistent/folder/bennys_api.log"));
    assert_non_null(
        strstr(content(errors_file), "/nonexistent/folder/bennys_create_orderline.log"));
    log_info("goes on");
    assert_int_equal(lines(content(errors_file)), reported + 1);
}

static void
test_new_folder(void **state)
{
    char inner[128], file[160];

    (void)state;
    name_file(inner, "made");
    snprintf(file, sizeof file, "%s/bennys_api.log", inner);
    log_open_files(inner, "bennys");
    log_info("x");
    expect_line(file, "Bennys Auto: ", "INFO x\n");
    unlink(file);
    snprintf(file, sizeof file, "%s/bennys_create_orderline.log", inner);
    unlink(file);
    assert_int_equal(rmdir(inner), 0);
}

static void
test_no_link(void **state)
{
    (void)state;
    assert_int_equal(symlink("/tmp/elsewhere", api_file), 0);
    log_open_files(folder, "bennys");
    log_info("x");
    assert_int_equal(access("/tmp/elsewhere", F_OK), -1);
}

/* If the reader is too slow, dropped lines are counted, and the count is logged later. */
static void
test_a_log_without_a_reader(void **state)
{
    static char room[1 << 20];
    int ends[2];
    ssize_t got;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    for (int i = 0; i < 5000; i++)
        log_each(LOG_INFO, LOG_NO_FILE, NULL,
                 "a line of about one hundred bytes, with its head and %d", i);
    got = read(ends[0], room, sizeof room - 1);
    assert_in_range(got, 4096, 1 << 16);
    log_info("flows again");
    got = read(ends[0], room, sizeof room - 1);
    room[got > 0 ? got : 0] = '\0';
    assert_int_equal(lines(room), 2);
    assert_non_null(strstr(room, " log lines: the log reader is too slow\nBennys Auto: "));
    close(ends[0]);
    close(ends[1]);
}

/* A pipe in packet mode: what one write brings, one read takes. */
static void
test_held_lines(void **state)
{
    char room[8192];
    int ends[2];
    ssize_t got;

    (void)state;
    log_open_files(folder, "bennys");
    assert_int_equal(pipe2(ends, O_DIRECT | O_NONBLOCK), 0);
    dup2(ends[1], STDERR_FILENO);
    log_hold();
    for (int i = 0; i < 10; i++)
        log_each(LOG_INFO, i % 2 ? LOG_API : LOG_ORDERLINE, NULL, "line %d", i);
    assert_int_equal(read(ends[0], room, sizeof room), -1);
    log_release();
    got = read(ends[0], room, sizeof room - 1);
    room[got > 0 ? got : 0] = '\0';
    assert_int_equal(lines(room), 10);
    assert_int_equal(lines(content(api_file)), 5);
    assert_int_equal(lines(content(line_file)), 5);
    log_hold();
    for (int i = 0; i < 250; i++)
        log_each(LOG_INFO, LOG_API, NULL, "more than leaves in one write, %d", i);
    log_release();
    assert_int_equal(lines(content(api_file)), 255);
    log_info("at once");
    while ((got = read(ends[0], room, sizeof room - 1)) > 0)
        room[got] = '\0';
    assert_non_null(strstr(room, "INFO at once\n"));
    close(ends[0]);
    close(ends[1]);
}

/* Repeated lines of one kind are dropped and counted; other lines and unlimited ones pass. */
static void
test_a_flood(void **state)
{
    const char *text;

    (void)state;
    log_open_files(folder, "bennys");
    for (int i = 0; i < 100000; i++) {
        log_write(LOG_INFO, LOG_API, "u-1", "refused: %d", i);
        if (i % 10000 == 0)
            log_each(LOG_INFO, LOG_ORDERLINE, "u-1", "outcome %d", i);
    }
    log_info("another kind");
    assert_int_equal(lines(content(line_file)), 10);
    assert_in_range(lines(content(api_file)), LOG_LIMIT_BURST + 1, LOG_LIMIT_BURST + 100);
    assert_non_null(strstr(content(api_file), "INFO another kind\n"));
    assert_int_equal(truncate(errors_file, 0), 0);
    log_close();
    text = content(errors_file);
    assert_int_equal(lines(text), 1);
    assert_non_null(strstr(text, " lines like this one: refused: 99999\n"));
    assert_null(strstr(text, "[u-1]"));
}

static void
test_what_a_child_relays(void **state)
{
    struct log_files files = {.fds = {-1, -1, -1}};
    char record[] = "61\tu-1\tplaced", forged[] = "pumplined: 2026 INFO x",
         cut[] = "61\tno message";

    (void)state;
    log_relayed("Carls", &files, record);
    expect_line(errors_file, "Carls: [u-1] ", "INFO placed\n");
    log_relayed("Carls", &files, forged);
    expect_line(errors_file, "Carls: ", "WARNING pumplined: 2026 INFO x\n");
    log_relayed("Carls", &files, cut);
    expect_line(errors_file, "Carls: ", "WARNING 61 no message\n");
}

/* Irreversible, so this test runs last. */
static void
test_a_child_relays(void **state)
{
    (void)state;
    log_relay();
    log_write(LOG_INFO, LOG_ORDERLINE, "u\t1", "a\tb\n%s", "c");
    log_error("x");
    assert_string_equal(content(errors_file), "62\tu\\x091\ta\\x09b\\x0ac\n31\t\tx\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_line),
                                       TEST(test_escapes),
                                       TEST(test_long),
                                       TEST(test_journal),
                                       TEST(test_files),
                                       TEST(test_append),
                                       TEST(test_reopen),
                                       TEST(test_no_folder),
                                       TEST(test_no_link),
                                       TEST(test_new_folder),
                                       TEST(test_a_log_without_a_reader),
                                       TEST(test_held_lines),
                                       TEST(test_a_flood),
                                       TEST(test_what_a_child_relays),
                                       TEST(test_a_child_relays)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
