/* Screenshots and pages of an attempt: which are kept, and for how long. */
#include "test/unit/worker/evidence.h"

#include <dirent.h>
#include <errno.h>
#include <seccomp.h>
#include <sys/wait.h>

#include "common/base/clock.h"
#include "worker/delivery/evidence.h"

/* --- the files --- */

static json_t *
keep(struct fixture *f, const struct order *order, struct erp_outcome outcome)
{
    json_t *names = evidence_keep(f->folder, order, &outcome);

    erp_outcome_clear(&outcome);
    assert_int_equal(outcome.evidence_count, 0);
    return names;
}

/* Number of files; *bytes: their total size. */
static unsigned
count_files(struct fixture *f, size_t *bytes)
{
    char *path = mem_format("%s/evidence", f->folder);
    DIR *folder = opendir(path);
    struct dirent *entry;
    struct stat file;
    unsigned count = 0;

    *bytes = 0;
    while (folder && (entry = readdir(folder)))
        if (*entry->d_name != '.') {
            count++;
            assert_int_equal(fstatat(dirfd(folder), entry->d_name, &file, 0), 0);
            assert_int_equal(file.st_mode & 0777, 0600);
            *bytes += (size_t)file.st_size;
        }
    if (folder)
        closedir(folder);
    free(path);
    return count;
}

static void
what_is_kept_can_be_read(void **state)
{
    struct fixture *f = *state;
    struct order order = order_of("u-1", "558");
    json_t *names;
    char *bytes;
    size_t length;

    order.history_length = 4;
    names = keep(f, &order, outcome_with("a picture", "<p>a page"));
    assert_int_equal(json_array_size(names), 2);
    assert_int_equal(strncmp(name_at(names, 0), "u-1-", 4), 0);
    assert_non_null(strstr(name_at(names, 0), "-4.png"));
    assert_non_null(strstr(name_at(names, 1), "-4.html"));
    assert_int_equal(evidence_read(f->folder, name_at(names, 1), &bytes, &length), 0);
    assert_int_equal(length, 9);
    assert_memory_equal(bytes, "<p>a page", 9);
    free(bytes);
    assert_int_equal(count_files(f, &length), 2);
    json_decref(names);
    assert_null(keep(f, &order, outcome_with(NULL, NULL)));
}

/* Read errors, as on a failing disk. The caller frees the result in any case. */
static void
a_read_error_leaves_nothing_behind(void **state)
{
    struct fixture *f = *state;
    struct order order = order_of("u-1", "558");
    json_t *names = keep(f, &order, outcome_with("a picture", NULL));
    int status;
    pid_t child = fork();

    if (child == 0) {
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
        char *bytes = NULL;
        size_t length;

        if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(EIO), SCMP_SYS(read), 0) ||
            seccomp_load(filter))
            _exit(2);
        _exit(evidence_read(f->folder, name_at(names, 0), &bytes, &length) != -1 || bytes);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    json_decref(names);
}

static void
more_than_fits_is_dropped(void **state)
{
    struct fixture *f = *state;
    struct order order = order_of("u-1", "558");
    struct erp_outcome outcome = outcome_with("one", "two");
    json_t *names;

    erp_outcome_evidence(&outcome, "png", mem_string("three"), 5);
    assert_int_equal(outcome.evidence_count, ERP_EVIDENCE_MAX);
    names = keep(f, &order, outcome);
    assert_int_equal(json_array_size(names), ERP_EVIDENCE_MAX);
    json_decref(names);
}

static void
every_name_is_safe(void **state)
{
    static const char *const ids[] = {"../../etc/passwd", ".",   "..", "a/b",
                                      "ä\u00f6 \n%",      "-rf", "A",  "a"};
    struct fixture *f = *state;
    size_t bytes;

    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct order order = order_of(ids[i], "558");
        json_t *names = keep(f, &order, outcome_with("x", NULL));
        const char *name = name_at(names, 0);

        assert_true(*name != '.');
        assert_int_equal(strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789-_."),
                         strlen(name));
        json_decref(names);
        assert_int_equal(count_files(f, &bytes), i + 1); /* all names are distinct */
    }
}

static void
long_ids_that_differ_at_the_end_have_two_files(void **state)
{
    struct fixture *f = *state;
    char id[ORDER_VALUE_MAX + 1];
    size_t bytes;

    memset(id, 'x', sizeof id);
    id[ORDER_VALUE_MAX] = '\0';
    for (int i = 0; i < 2; i++) {
        struct order order;

        id[ORDER_VALUE_MAX - 1] = (char)('a' + i);
        order = order_of(id, "558");
        json_decref(keep(f, &order, outcome_with("x", NULL)));
    }
    assert_int_equal(count_files(f, &bytes), 2);
}

static void
foreign_names_read_nothing(void **state)
{
    static const char *const names[] = {"", ".", "..", "../data.mdb", "a/b", ".hidden", "none.png"};
    struct fixture *f = *state;
    struct order order = order_of("u-1", "558");
    char *bytes, *path = mem_format("%s/evidence/link.png", f->folder);
    size_t length;

    json_decref(keep(f, &order, outcome_with("x", NULL)));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(evidence_read(f->folder, names[i], &bytes, &length), -1);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(evidence_read(f->folder, "link.png", &bytes, &length), -1);
    free(path);
}

/* --- limits --- */

static void
the_oldest_go_first(void **state)
{
    struct fixture *f = *state;
    char first[128] = "", last[128], *bytes;
    size_t length;

    for (unsigned i = 0; i < EVIDENCE_FILES_MAX + 3; i++) {
        struct order order = order_of("u-1", "558");
        json_t *names;

        order.history_length = i;
        names = keep(f, &order, outcome_with("x", NULL));
        snprintf(*first ? last : first, sizeof first, "%s", name_at(names, 0));
        json_decref(names);
    }
    assert_int_equal(count_files(f, &length), EVIDENCE_FILES_MAX);
    assert_int_equal(evidence_read(f->folder, first, &bytes, &length), -1);
    assert_int_equal(evidence_read(f->folder, last, &bytes, &length), 0);
    free(bytes);
}

static struct erp_outcome
outcome_of_size(const char *kind, size_t length)
{
    struct erp_outcome outcome = outcome_with(NULL, NULL);
    char *bytes = mem_alloc(length + 1);

    memset(bytes, 'x', length);
    erp_outcome_evidence(&outcome, kind, bytes, length);
    return outcome;
}

static void
all_of_them_together_are_bounded(void **state)
{
    struct fixture *f = *state;
    size_t bytes;

    for (unsigned i = 0; i < 11; i++) {
        struct order order = order_of("u-1", "558");

        order.history_length = i;
        json_decref(keep(f, &order, outcome_of_size("png", 3u << 20)));
    }
    assert_int_equal(count_files(f, &bytes), 10);
    assert_true(bytes <= EVIDENCE_BYTES_MAX);
}

static void
a_long_page_is_cut_and_a_large_picture_left_out(void **state)
{
    struct fixture *f = *state;
    struct order order = order_of("u-1", "558");
    size_t bytes;

    assert_null(keep(f, &order, outcome_of_size("png", EVIDENCE_FILE_BYTES_MAX + 1)));
    assert_int_equal(count_files(f, &bytes), 0);
    json_decref(keep(f, &order, outcome_of_size("html", EVIDENCE_FILE_BYTES_MAX + 1)));
    assert_int_equal(count_files(f, &bytes), 1);
    assert_int_equal(bytes, EVIDENCE_FILE_BYTES_MAX);
}

static void
old_ones_expire(void **state)
{
    struct fixture *f = *state;
    struct order order = order_of("u-1", "558");
    int64_t before_ms = clock_wall_ms() - 1000;
    size_t bytes;

    evidence_expire(f->folder, before_ms); /* the folder does not exist yet */
    json_decref(keep(f, &order, outcome_with("x", "y")));
    evidence_expire(f->folder, before_ms);
    assert_int_equal(count_files(f, &bytes), 2);
    evidence_expire(f->folder, clock_wall_ms() + 1000);
    assert_int_equal(count_files(f, &bytes), 0);
}

static void
a_full_disk_keeps_nothing(void **state)
{
    struct fixture *f = *state;
    struct order order = order_of("u-1", "558");
    size_t bytes;

    disk_takes(false);
    assert_null(keep(f, &order, outcome_of_size("html", 100000)));
    disk_takes(true);
    assert_int_equal(count_files(f, &bytes), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(what_is_kept_can_be_read),
                                       TEST(a_read_error_leaves_nothing_behind),
                                       TEST(more_than_fits_is_dropped),
                                       TEST(every_name_is_safe),
                                       TEST(long_ids_that_differ_at_the_end_have_two_files),
                                       TEST(foreign_names_read_nothing),
                                       TEST(the_oldest_go_first),
                                       TEST(all_of_them_together_are_bounded),
                                       TEST(a_long_page_is_cut_and_a_large_picture_left_out),
                                       TEST(old_ones_expire),
                                       TEST(a_full_disk_keeps_nothing)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
