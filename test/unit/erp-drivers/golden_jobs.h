/* The jobs of a golden file and their session; golden.h explains the format. */
#ifndef TEST_GOLDEN_JOBS_H
#define TEST_GOLDEN_JOBS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/config/config.h"
#include "erp-drivers/driver.h"
#include "source_dir.h"

#define GOLDEN_JOBS_MAX 8
#define GOLDEN_FILES_MAX 128

struct golden_job {
    struct order order;
    struct erp_facts facts;
    struct erp_job erp;
    struct erp_reply reply;
    char *body; /* of the reply */
    bool replied;
};

#define GOLDEN_BEGIN_MS 1000

struct golden {
    const struct erp_driver *driver;
    const json_t *document, *exchanges;
    struct credentials auth;
    json_t *erp; /* with the recipe of its system, if that has one */
    void *session;
    struct golden_job jobs[GOLDEN_JOBS_MAX];
    size_t job_count;
};

static inline const char *
golden_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

/* The caller frees it. */
static inline char *
golden_body(const json_t *body)
{
    if (!body || json_is_string(body))
        return mem_string(body ? json_string_value(body) : "");
    return json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY);
}

static inline json_t *
golden_load(const char *folder, const char *name)
{
    char *path = mem_format("%s/golden/%s/%s", TEST_SOURCE_DIR, folder, name);
    json_error_t error;
    json_t *document = json_load_file(path, 0, &error);

    if (!document)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    free(path);
    return document;
}

static inline enum erp_purpose
golden_purpose(const json_t *given)
{
    static const char *const names[] = {[ERP_PLACE] = "",
                                        [ERP_CHECK] = "check",
                                        [ERP_LOOK_UP] = "look_up",
                                        [ERP_LOG_IN] = "log_in"};
    const char *name = golden_text(given, "purpose");

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return (enum erp_purpose)i;
    fail_msg("no purpose \"%s\"", name);
    return ERP_PLACE;
}

static inline void
golden_job_start(struct golden *g, const json_t *given)
{
    struct golden_job *job = &g->jobs[g->job_count++];
    struct order *order = &job->order;

    text_copy(order->uniqueid, sizeof order->uniqueid, golden_text(given, "uniqueid"));
    text_copy(order->worksheet, sizeof order->worksheet, golden_text(given, "worksheet"));
    text_copy(order->product_nr, sizeof order->product_nr, golden_text(given, "product_nr"));
    text_copy(order->product_amount, sizeof order->product_amount,
              golden_text(given, "product_amount"));
    order->status = ORDER_PROCESSING;
    order->placed_ms = 1795508130123; /* 2026-11-24T08:15:30.123Z */
    order->commit_sent = json_is_true(json_object_get(given, "commit_sent"));
    job->erp.now_ms = GOLDEN_BEGIN_MS;
    job->erp.purpose = golden_purpose(given);
    job->erp.facts = &job->facts;
    job->erp.order = json_is_null(given) ? NULL : order;
    job->erp.workshop = "Bennys Auto";
    job->erp.auth = g->auth.username && job->erp.order ? &g->auth : NULL;
}

static inline json_t *
golden_erp(const json_t *document)
{
    json_t *erp = json_copy(json_object_get(document, "erp")), *recipe;
    struct json_faults faults = {NULL, 0};

    recipe = config_erp_recipe(erp, TEST_SOURCE_DIR "/../erp-drivers/recipes", "", &faults);
    if (faults.count)
        fail_msg("%s: %s", faults.items[0].pointer, faults.items[0].text);
    if (recipe) {
        json_object_set_new(erp, "options", config_erp_options(erp, recipe));
        json_object_set_new(erp, "$recipe", recipe);
    }
    return erp;
}

/* Takes the reference to erp. */
static inline void
golden_open_with(struct golden *g, const struct erp_driver *driver, const json_t *document,
                 const json_t *exchanges, json_t *erp)
{
    const json_t *credentials = json_object_get(document, "credentials");
    const json_t *orders = json_object_get(document, "orders");

    *g = (struct golden){.driver = driver, .document = document, .exchanges = exchanges};
    if (credentials) {
        g->auth.username = secret_string(golden_text(credentials, "username"));
        g->auth.password = secret_string(golden_text(credentials, "password"));
    }
    g->erp = erp;
    g->session = driver->session_new(g->erp);
    assert_in_range(json_array_size(orders), 1, GOLDEN_JOBS_MAX);
    for (size_t i = 0; i < json_array_size(orders); i++)
        golden_job_start(g, json_array_get(orders, i));
}

static inline void
golden_open(struct golden *g, const struct erp_driver *driver, const json_t *document,
            const json_t *exchanges)
{
    golden_open_with(g, driver, document, exchanges, golden_erp(document));
}

static inline void
golden_job_drop(struct golden *g, struct golden_job *job)
{
    g->driver->job_free(g->session, &job->erp);
    erp_request_clear(&job->erp.request);
    free(job->body);
    job->body = NULL;
    job->replied = false;
}

static inline void
golden_close(struct golden *g)
{
    for (size_t i = 0; i < g->job_count; i++)
        golden_job_drop(g, &g->jobs[i]);
    g->driver->session_free(g->session);
    credentials_clear(&g->auth);
    json_decref(g->erp);
}

/* From the start, with the recipe that was read: reading it takes longer than a whole script. */
static inline void
golden_again(struct golden *g)
{
    json_t *erp = json_incref(g->erp);

    golden_close(g);
    golden_open_with(g, g->driver, g->document, g->exchanges, erp);
}

static inline void
golden_reply_set(struct golden_job *job, const json_t *reply)
{
    const json_t *complete = json_object_get(reply, "complete");
    const json_t *status = json_object_get(reply, "status");
    const char *error = golden_text(reply, "error");

    free(job->body);
    job->body = golden_body(json_object_get(reply, "body"));
    job->reply = (struct erp_reply){
        .sent = true,
        .complete = !json_is_false(complete),
        .status = status ? (int)json_integer_value(status) : 200,
        .body = job->body,
        .body_length = strlen(job->body),
        .error = *error ? error : NULL,
        .retry_after_ms = json_integer_value(json_object_get(reply, "retry_after_ms"))};
    job->replied = true;
}

#endif
