/* Two orders with one set of credentials. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/recipe/recipe.h"
#include "erp-drivers/http/http.h"

#define RECIPE                                                                                     \
    "{\"recipe\":1,\"kind\":\"http\",\"one_at_a_time\":%s,\"settle_s\":0,"                         \
    "\"lookup\":[{\"call\":\"find\"}],\"create\":[],\"commit\":[{\"post\":\"/"                     \
    "lines\",\"json\":{\"id\":\"{order.uniqueid}\"}}],"                                            \
    "\"verify\":[{\"call\":\"find\"}],\"pieces\":{\"find\":["                                      \
    "{\"get\":\"/lines?id={order.uniqueid|urlencode}\",\"into\":\"rows\"},"                        \
    "{\"each\":\"{rows}\",\"where\":{\"equal\":[\"{row.id}\",\"{order.uniqueid}\"]},\"none\":[],"  \
    "\"do\":[{\"found\":{\"reference\":\"{row.id}\",\"product_nr\":\"10\",\"amount\":\"5\"}}]}]}," \
    "\"errors\":[{\"json\":{\"at\":\"/denied\",\"present\":true},\"twice_s\":30,"                  \
    "\"code\":\"auth_failed\"}]}"

struct pair {
    json_t *erp;
    void *session;
    struct order orders[2];
    struct erp_job jobs[2];
    struct erp_outcome outcome;
};

static const struct credentials auth = {(char *)"bot", (char *)"secret"};

static void
begin(struct pair *p, const char *one_at_a_time)
{
    char text[sizeof RECIPE + 8];
    struct json_faults faults = {NULL, 0};
    json_t *recipe;

    snprintf(text, sizeof text, RECIPE, one_at_a_time);
    recipe = json_loads(text, 0, NULL);
    if (!recipe_check(recipe, "f", &faults))
        fail_msg("%s %s", faults.items[0].pointer, faults.items[0].text);
    *p = (struct pair){.outcome = {.reason_code = ""}};
    p->erp = json_pack("{s:s s:o}", "url", "http://erp.example/", "$recipe", recipe);
    p->session = http_driver()->session_new(p->erp);
    for (int i = 0; i < 2; i++) {
        snprintf(p->orders[i].uniqueid, sizeof p->orders[i].uniqueid, "u%d", i);
        strcpy(p->orders[i].product_nr, "10");
        strcpy(p->orders[i].product_amount, "5");
        p->jobs[i] =
            (struct erp_job){.workshop = "Bennys Auto", .order = &p->orders[i], .auth = &auth};
    }
}

static enum erp_verdict
step(struct pair *p, int i, const char *body)
{
    struct erp_reply reply = {.sent = true,
                              .complete = true,
                              .status = 200,
                              .headers = "",
                              .body = body,
                              .body_length = body ? strlen(body) : 0};

    erp_request_clear(&p->jobs[i].request);
    erp_outcome_clear(&p->outcome);
    return http_driver()->step(p->session, &p->jobs[i], body ? &reply : NULL, &p->outcome);
}

static void
leave(struct pair *p, int i)
{
    http_driver()->job_free(p->session, &p->jobs[i]);
    erp_request_clear(&p->jobs[i].request);
    erp_outcome_clear(&p->outcome);
}

static void
end(struct pair *p)
{
    http_driver()->session_free(p->session);
    json_decref(p->erp);
}

static void
one_goes_after_the_other(void **state)
{
    struct pair p;

    (void)state;
    begin(&p, "true");
    assert_int_equal(step(&p, 0, NULL), ERP_SEND);
    assert_int_equal(step(&p, 1, NULL), ERP_WAIT);
    assert_int_equal(step(&p, 0, "[]"), ERP_SEND);
    assert_true(p.jobs[0].request.commits);
    assert_int_equal(step(&p, 1, NULL), ERP_WAIT);
    assert_int_equal(step(&p, 0, "{}"), ERP_SEND);
    assert_int_equal(step(&p, 0, "[{\"id\": \"u0\"}]"), ERP_CREATED);
    leave(&p, 0);
    assert_int_equal(step(&p, 1, NULL), ERP_SEND);
    assert_string_equal(p.jobs[1].request.url, "http://erp.example/lines?id=u1");
    leave(&p, 1);
    end(&p);
}

/* A worker gives up an attempt without an answer, too. */
static void
one_that_is_given_up_makes_room(void **state)
{
    struct pair p;

    (void)state;
    begin(&p, "true");
    assert_int_equal(step(&p, 0, NULL), ERP_SEND);
    assert_int_equal(step(&p, 1, NULL), ERP_WAIT);
    leave(&p, 1);
    assert_int_equal(step(&p, 1, NULL), ERP_WAIT);
    leave(&p, 0);
    assert_int_equal(step(&p, 1, NULL), ERP_SEND);
    leave(&p, 1);
    end(&p);
}

static void
else_they_go_side_by_side(void **state)
{
    struct pair p;

    (void)state;
    begin(&p, "false");
    assert_int_equal(step(&p, 0, NULL), ERP_SEND);
    assert_int_equal(step(&p, 1, NULL), ERP_SEND);
    leave(&p, 0);
    leave(&p, 1);
    end(&p);
}

/* Another process goes on from what this one has seen. */
static void
what_was_seen_once_is_remembered(void **state)
{
    const struct erp_driver *driver = http_driver();
    char *memory;
    struct pair p;

    (void)state;
    begin(&p, "false");
    p.jobs[0].now_ms = p.jobs[1].now_ms = 5000;
    assert_null(driver->session_memory(p.session));
    assert_int_equal(step(&p, 0, NULL), ERP_SEND);
    assert_int_equal(step(&p, 0, "{\"denied\": 1}"), ERP_RETRY);
    leave(&p, 0);
    memory = mem_string(driver->session_memory(p.session));
    driver->session_free(p.session);
    p.session = driver->session_new(p.erp);
    driver->session_remember(p.session, memory);
    free(memory);
    p.jobs[1].now_ms += 60000;
    assert_int_equal(step(&p, 1, NULL), ERP_SEND);
    assert_int_equal(step(&p, 1, "{\"denied\": 1}"), ERP_PARK);
    leave(&p, 1);
    end(&p);
}

/* What was over long ago says nothing; nor does a clock that has begun anew. */
static void
what_was_seen_long_ago_is_not(void **state)
{
    static const int64_t later_ms[] = {90000000, -1000};
    struct pair p;

    (void)state;
    for (size_t i = 0; i < sizeof later_ms / sizeof *later_ms; i++) {
        begin(&p, "false");
        p.jobs[0].now_ms = 5000;
        p.jobs[1].now_ms = 5000 + later_ms[i];
        assert_int_equal(step(&p, 0, NULL), ERP_SEND);
        assert_int_equal(step(&p, 0, "{\"denied\": 1}"), ERP_RETRY);
        assert_int_equal(step(&p, 1, NULL), ERP_SEND);
        assert_int_equal(step(&p, 1, "{\"denied\": 1}"), ERP_RETRY);
        leave(&p, 0);
        leave(&p, 1);
        end(&p);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_goes_after_the_other),
        cmocka_unit_test(one_that_is_given_up_makes_room),
        cmocka_unit_test(else_they_go_side_by_side),
        cmocka_unit_test(what_was_seen_once_is_remembered),
        cmocka_unit_test(what_was_seen_long_ago_is_not),
    };

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
