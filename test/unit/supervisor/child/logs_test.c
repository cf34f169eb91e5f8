/* What a process logs. */
#include "test/unit/supervisor/child/child.h"

static char *
file_text(const char *path)
{
    static char text[65536];
    FILE *file = fopen(path, "re");
    size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;

    if (file)
        fclose(file);
    text[length] = '\0';
    return text;
}

static void
log_text(struct fixture *f, const char *text)
{
    assert_int_equal(write(f->logs, text, strlen(text)), strlen(text));
    turn(f);
}

static void
expect_line(const char *path, const char *head, const char *rest)
{
    char *text = file_text(path), *at = strstr(text, rest);

    if (!at || strncmp(text, head, strlen(head)) || strchr(text, '\n')[1])
        fail_msg("%s", text);
}

/* Whatever a process writes, the line is its workshop's; it has no descriptor of the log. */
static void
what_a_process_logs_is_its_workshops(void **state)
{
    struct fixture *f = *state;
    char folder[] = "/tmp/child_test.XXXXXX", api[64], lines[64], errors[64];
    int fd, kept = dup(STDERR_FILENO);

    assert_non_null(mkdtemp(folder));
    snprintf(api, sizeof api, "%s/bennys_api.log", folder);
    snprintf(lines, sizeof lines, "%s/bennys_create_orderline.log", folder);
    snprintf(errors, sizeof errors, "%s/stderr", folder);
    f->log_dir = folder;
    child_reopen_logs(f->child); /* no process: nothing is opened */
    assert_int_equal(access(api, F_OK), -1);
    child_start(f->child);
    fd = open(errors, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, STDERR_FILENO);
    close(fd);
    log_text(f, "61\tu-1\tplaced");
    assert_string_equal(file_text(errors), ""); /* no whole line */
    log_text(f, "\n");
    expect_line(errors, "Bennys: [u-1] ", "Z INFO placed\n");
    assert_string_equal(file_text(api), file_text(errors));
    assert_int_equal(truncate(errors, 0), 0);
    unlink(api);
    child_reopen_logs(f->child);
    log_text(f, "42\t\tto its file\n");
    expect_line(lines, "Bennys: 2", "Z WARNING to its file\n");
    assert_string_equal(file_text(api), "");
    assert_int_equal(truncate(errors, 0), 0);
    log_text(f, "pumplined: 2026-11-28T10:00:00.000Z INFO all is well\n");
    expect_line(errors, "Bennys: 2", "Z WARNING pumplined: 2026-");
    assert_int_equal(truncate(errors, 0), 0);
    log_text(f, "3\1\t\tx\x1b[2J\x9b\n");
    expect_line(errors, "Bennys: 2", "Z WARNING 3");
    assert_null(strchr(file_text(errors), '\x1b'));
    assert_int_equal(truncate(errors, 0), 0);
    assert_int_equal(write(f->logs, "last words", 10), 10);
    hang_up(f);
    child_reaped(f->child, STATUS(1));
    assert_non_null(strstr(file_text(errors), "WARNING last words\n"));
    dup2(kept, STDERR_FILENO);
    close(kept);
    unlink(errors);
    unlink(api);
    unlink(lines);
    assert_int_equal(rmdir(folder), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_process_logs_is_its_workshops),
    };

    prepare();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
