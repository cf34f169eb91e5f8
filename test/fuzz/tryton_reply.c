/* Feeds an attempt with replies, one per line of the input; an empty line is a refused session.
 * Whatever the ERP answers, the driver neither crashes nor reveals the password.
 *
 *     clang -fsanitize=fuzzer,address,undefined … test/fuzz/tryton_reply.c */
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "erp-drivers/driver.h"

#define STEPS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static char password[] = "bot-secret-7351";

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    secret_start();
    return 0;
}

static void
attempt(const struct erp_driver *driver, void *session, struct erp_job *job, char *lines)
{
    struct erp_outcome outcome = {.reason_code = ""};
    struct erp_reply reply = {.sent = true, .complete = true};
    enum erp_verdict verdict = driver->step(session, job, NULL, &outcome);

    for (int i = 0; i < STEPS_MAX && verdict == ERP_SEND; i++) {
        reply.body = lines ? strsep(&lines, "\n") : "";
        reply.body_length = strlen(reply.body);
        reply.status = *reply.body ? 200 : 401;
        erp_request_clear(&job->request);
        verdict = driver->step(session, job, &reply, &outcome);
    }
    if (strstr(outcome.reason_text, password))
        abort();
    driver->job_free(session, job);
    erp_request_clear(&job->request);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct order order = {
        .uniqueid = "u-1", .worksheet = "558", .product_nr = "10", .product_amount = "5"};
    const struct credentials auth = {"bot", password};
    const struct erp_driver *driver = erp_driver_find("tryton");
    json_t *erp = json_pack("{s:s s:i}", "url", "http://erp/db/", "company", 1);
    void *session = driver->session_new(erp);
    struct erp_job job = {.order = &order, .auth = &auth, .workshop = "Bennys Auto"};
    char *lines = mem_alloc(size + 1);

    memcpy(lines, data, size);
    attempt(driver, session, &job, lines);
    free(lines);
    driver->session_free(session);
    json_decref(erp);
    return 0;
}
