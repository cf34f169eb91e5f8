/* The queue as the API sees it: orders are taken once, counted and listed. */
#include "test/unit/worker/queue/counts.h"

#include "common/base/clock.h"

#define PAGE_MAX 16

struct seen {
    char ids[PAGE_MAX][ORDER_VALUE_MAX + 1];
    unsigned count;
};

static void
see(const struct order *order, void *arg)
{
    struct seen *seen = arg;

    assert_in_range(seen->count, 0, PAGE_MAX - 1);
    strcpy(seen->ids[seen->count++], order->uniqueid);
}

/* --- put --- */

static void
a_new_order_is_placed(void **state)
{
    struct fixture *f = *state;
    struct order order = order_of("u-1", "558"), kept;
    int64_t before = clock_wall_ms();
    struct queue_put put = put_answered(f->queue, &order, NULL, QUEUE_PLACED);

    assert_int_equal(put.queue_length, 1);
    kept = get(f->queue, "u-1");
    assert_int_equal(kept.status, ORDER_PLACED);
    assert_string_equal(kept.worksheet, "558");
    assert_string_equal(kept.product_nr, "10");
    assert_string_equal(kept.product_amount, "5");
    assert_int_equal(kept.attempts, 0);
    assert_in_range(kept.placed_ms, before, clock_wall_ms());
    assert_int_equal(kept.queued_ms, kept.placed_ms);
    assert_int_equal(kept.next_attempt_ms, 0);
    assert_true(kept.seq > 0);
    assert_int_equal(queue_oldest_placed_ms(f->queue), kept.queued_ms);
    assert_counts(f->queue, 1, 0, 0, 0);
}

static void
an_unknown_order_is_not_found(void **state)
{
    struct fixture *f = *state;
    json_t *history = NULL;
    struct order order;
    struct err err;

    put_new(f->queue, "u-1", "558");
    assert_int_equal(queue_get(f->queue, "u-2", &order, &err), 0);
    assert_int_equal(queue_get(f->queue, "u-", &order, &err), 0);
    assert_int_equal(queue_history(f->queue, "u-2", &history, &err), 0);
    json_decref(history);
    assert_int_equal(queue_oldest_placed_ms(f->queue) > 0, 1);
}

static void
the_same_order_again_is_a_duplicate(void **state)
{
    struct fixture *f = *state;
    struct order again = order_of("u-1", "558");
    struct queue_put put;

    put_new(f->queue, "u-1", "558");
    put_new(f->queue, "u-2", "558");
    strcpy(again.product_amount, "05.0");
    put = put_answered(f->queue, &again, NULL, QUEUE_DUPLICATE);
    assert_int_equal(put.queue_length, 2);
    assert_string_equal(again.product_amount, "5");
    assert_int_equal(again.seq, get(f->queue, "u-1").seq);
    assert_counts_on_disk(f, 2, 0, 0);
    again = order_of("u-1", "558");
    put_answered(f->queue, &again, NULL, QUEUE_DUPLICATE);
    assert_counts(f->queue, 2, 0, 0, 0);
}

static void
a_duplicate_tells_the_present_state(void **state)
{
    struct fixture *f = *state;
    struct order again = order_of("u-1", "558");

    put_failed(f->queue, "u-1", "558");
    put_answered(f->queue, &again, NULL, QUEUE_DUPLICATE);
    assert_int_equal(again.status, ORDER_ERROR);
    assert_string_equal(again.reason_code, "worksheet_closed");
    assert_counts_on_disk(f, 0, 0, 1);
}

static void
other_content_is_a_conflict(void **state)
{
    struct fixture *f = *state;
    struct order others[3];

    put_new(f->queue, "u-1", "558");
    for (size_t i = 0; i < 3; i++)
        others[i] = order_of("u-1", "558");
    strcpy(others[0].worksheet, "559");
    strcpy(others[1].product_nr, "11");
    strcpy(others[2].product_amount, "5.000001");
    for (size_t i = 0; i < 3; i++)
        put_answered(f->queue, &others[i], NULL, QUEUE_CONFLICT);
    assert_string_equal(get(f->queue, "u-1").worksheet, "558");
    assert_string_equal(get(f->queue, "u-1").product_amount, "5");
    assert_counts_on_disk(f, 1, 0, 0);
}

static void
a_group_is_put_together(void **state)
{
    static const enum queue_answer answers[] = {QUEUE_PLACED, QUEUE_DUPLICATE, QUEUE_CONFLICT,
                                                QUEUE_PLACED};
    static const unsigned lengths[] = {1, 1, 1, 2};
    struct fixture *f = *state;
    struct order orders[4] = {order_of("u-1", "558"), order_of("u-1", "558"),
                              order_of("u-1", "559"), order_of("u-2", "558")};
    struct queue_put puts[4] = {{.order = &orders[0]}};

    for (size_t i = 0; i < 4; i++)
        puts[i].order = &orders[i];
    queue_put(f->queue, puts, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(puts[i].answer, answers[i]);
        assert_int_equal(puts[i].queue_length, lengths[i]);
    }
    assert_counts_on_disk(f, 2, 0, 0);
    assert_string_equal(get(f->queue, "u-1").worksheet, "558");
}

/* --- pages --- */

/* Reads page after page and expects those ids, a space between two. */
static void
assert_pages(struct queue *queue, unsigned statuses, bool newest_first, unsigned limit,
             const char *ids)
{
    struct seen seen = {.count = 0};
    struct queue_page page = {.statuses = statuses,
                              .newest_first = newest_first,
                              .limit = limit,
                              .each = see,
                              .arg = &seen};
    char got[PAGE_MAX * 8] = "";
    struct err err;
    unsigned before;

    do {
        before = seen.count;
        assert_int_equal(queue_page(queue, &page, &err), 0);
        assert_in_range(seen.count - before, 0, limit);
        page.after = page.next;
    } while (page.next);
    for (unsigned i = 0; i < seen.count; i++) {
        strcat(got, i ? " " : "");
        strcat(got, seen.ids[i]);
    }
    assert_string_equal(got, ids);
}

static void
pages_follow_the_order_of_arrival(void **state)
{
    struct fixture *f = *state;
    const unsigned open = 1u << ORDER_PLACED | 1u << ORDER_PROCESSING, error = 1u << ORDER_ERROR,
                   created = 1u << ORDER_CREATED;

    assert_pages(f->queue, 0, false, 3, "");
    assert_pages(f->queue, open, true, 3, "");
    put_six(f->queue);
    assert_counts(f->queue, 2, 1, 1, 2);
    for (unsigned limit = 1; limit < 8; limit++) {
        assert_pages(f->queue, 0, false, limit, "a b c d e f");
        assert_pages(f->queue, 0, true, limit, "f e d c b a");
        assert_pages(f->queue, open, false, limit, "c d e");
        assert_pages(f->queue, open, true, limit, "e d c");
        assert_pages(f->queue, error | created, false, limit, "a b f");
        assert_pages(f->queue, error | created, true, limit, "f b a");
        assert_pages(f->queue, error, true, limit, "f b");
        assert_pages(f->queue, created, false, limit, "a");
        assert_pages(f->queue, 1u << ORDER_PROCESSING, true, limit, "d");
    }
}

static void
a_page_goes_on_where_its_mark_is_gone(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.count = 0};
    struct queue_page page = {.statuses = 1u << ORDER_ERROR, .limit = 1, .each = see, .arg = &seen};
    struct order order = order_of("a", "a");
    struct err err;

    put_failed(f->queue, "a", "a");
    put_failed(f->queue, "b", "b");
    assert_int_equal(queue_page(f->queue, &page, &err), 0);
    assert_string_equal(seen.ids[0], "a");
    assert_int_equal(queue_retry(f->queue, &order, false, NULL, &err), 1);
    page.after = page.next;
    assert_int_equal(queue_page(f->queue, &page, &err), 0);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.ids[1], "b");
    assert_int_equal(page.next, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* The process that asked for it was killed before it moved the copy away. */
static void
a_copy_left_behind_is_removed(void **state)
{
    struct fixture *f = *state;
    char *name, *path;
    struct err err;

    put_new(f->queue, "a", "558");
    name = queue_backup(f->queue, &err);
    assert_non_null(name);
    path = mem_format("%s/%s", f->folder, name);
    assert_int_equal(access(path, F_OK), 0);
    fixture_reopen(f, 16);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(queue_count(f->queue, ORDER_PLACED), 1);
    free(path);
    free(name);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(a_new_order_is_placed),
                                       TEST(an_unknown_order_is_not_found),
                                       TEST(the_same_order_again_is_a_duplicate),
                                       TEST(a_duplicate_tells_the_present_state),
                                       TEST(other_content_is_a_conflict),
                                       TEST(a_group_is_put_together),
                                       TEST(pages_follow_the_order_of_arrival),
                                       TEST(a_page_goes_on_where_its_mark_is_gone),
                                       TEST(a_copy_left_behind_is_removed)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
