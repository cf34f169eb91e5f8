/* The recipe for Tryton: golden files; and each reply of a good attempt truncated, lost or
 * replaced, which must never complete an order. */
#include "test/unit/erp-drivers/golden.h"

static const char *const spoilt[] = {
    "",
    "null",
    "[]",
    "{}",
    "{\"result\":[",
    "{\"id\":1,\"result\":{\"add\":1}}",
    "1",
    "\"\"",
    "\\\"",
    "{\"error\":1}",
    "-",
    "{\"id\":1,\"result\":[[1]]}",
};

/* Runs the script up to its nth request, whose reply the caller supplies. */
static void
play_until(struct golden *g, size_t n)
{
    for (size_t i = 0; i <= n; i++)
        golden_play(g, json_array_get(json_object_get(g->document, "script"), i), i);
}

static void
check_retry(struct golden *g, const char *code)
{
    struct erp_outcome outcome;

    assert_int_equal(golden_step(g, &g->jobs[0], &outcome), ERP_RETRY);
    assert_string_equal(outcome.reason_code, code);
    erp_outcome_clear(&outcome);
}

/* The result of the write carries no information, so some corrupted replies are acceptable for it.
 */
static bool
is_write(const struct golden *g)
{
    return g->jobs[0].erp.request.commits;
}

static void
each_reply(void (*spoil)(struct golden *g, size_t n))
{
    json_t *document = golden_load("tryton", "created.json");
    json_t *exchanges = golden_load("tryton", "_exchanges.json");
    size_t requests = json_array_size(json_object_get(document, "script")) - 1;
    struct golden g;

    for (size_t n = 0; n < requests; n++) {
        golden_open(&g, erp_driver_find("tryton"), document, exchanges);
        play_until(&g, n);
        spoil(&g, n);
        golden_close(&g);
    }
    json_decref(document);
    json_decref(exchanges);
}

static void
cut_reply(struct golden *g, size_t n)
{
    struct golden_job *job = &g->jobs[0];
    size_t whole = job->reply.body_length;

    for (size_t length = 0; length < whole; length++) {
        job->body[length] = '\0';
        job->reply.body_length = length;
        check_retry(g, "erp_failure");
        golden_again(g);
        play_until(g, n);
    }
}

static void
lose_reply(struct golden *g, size_t n)
{
    (void)n;
    g->jobs[0].reply.complete = false;
    check_retry(g, "erp_unreachable");
}

static void
spoil_reply(struct golden *g, size_t n)
{
    struct golden_job *job = &g->jobs[0];

    for (size_t i = 0; i < sizeof spoilt / sizeof *spoilt; i++) {
        free(job->body);
        job->body = mem_string(spoilt[i]);
        job->reply.body = job->body;
        job->reply.body_length = strlen(job->body);
        if (is_write(g) && strstr(spoilt[i], "\"result\":{"))
            continue;
        if (is_write(g) && strstr(spoilt[i], "\"result\":[["))
            continue;
        if (n == 4 && strstr(spoilt[i], "\"result\":{")) /* a price's object without a price */
            continue;
        check_retry(g, "erp_failure");
        golden_again(g);
        play_until(g, n);
    }
}

/* So the worksheet of an order whose line may exist can be corrected. */
static void
test_looks_everywhere(void **state)
{
    json_t *document = golden_load("tryton", "created.json"), *erp = golden_erp(document);

    (void)state;
    assert_false(erp_driver_find("tryton")->looks_in_worksheet(erp));
    json_decref(erp);
    json_decref(document);
}

static void
test_cut(void **state)
{
    (void)state;
    each_reply(cut_reply);
}

static void
test_lost(void **state)
{
    (void)state;
    each_reply(lose_reply);
}

static void
test_spoilt(void **state)
{
    (void)state;
    each_reply(spoil_reply);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_spoilt),
        cmocka_unit_test(test_looks_everywhere),
    };

    return golden_run("tryton", tests, sizeof tests / sizeof *tests);
}
