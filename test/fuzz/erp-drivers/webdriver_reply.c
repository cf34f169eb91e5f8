/* Feeds an attempt with a browser's answers, one per line of the input: JSON for "value", or an
 * error if it begins with '!'. Whatever a page answers, the engine neither crashes nor loops for
 * ever nor reveals the password. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "erp-drivers/driver.h"

#define STEPS_MAX 400

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static char password[] = "bot-secret-7351";
static json_t *erp;

static const char recipe[] =
    "{\"timeout_s\":1,\"login\":[{\"type\":\"{credentials.password}\",\"into\":\"#p\"}],"
    "\"lookup\":[{\"frame\":[\"a\"]},{\"each\":\"tr\",\"do\":[{\"read\":{\"css\":\"td\",\"in\":"
    "\"row\"},\"number\":{\"decimal\":\",\"},\"into\":\"x\"},{\"found\":{\"reference\":\"{row}\","
    "\"product_nr\":\"10\",\"amount\":\"{x}\"}}],\"none\":[]}],"
    "\"create\":[{\"window\":\"new\"},{\"select\":\"a\",\"in\":\"#s\"},{\"window\":\"close\"},"
    "{\"when\":{\"any\":[{\"dialog\":\"a\"},{\"visible\":\"#x\"},{\"windows\":2}]},\"then\":["
    "{\"check\":\"#c\"}]},{\"script\":\"return 1\",\"into\":\"y\"}],"
    "\"commit\":[{\"press\":\"Ctrl+S\"},{\"dialog\":\"accept\"}],\"verify\":[{\"read\":null,"
    "\"what\":\"url\",\"match\":\"x\",\"into\":\"u\"}],"
    "\"errors\":[{\"present\":\"#p\",\"code\":\"session_lost\",\"at_once\":true},"
    "{\"dialog\":\"x\",\"code\":\"erp_busy\"}]}";

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    secret_start();
    erp = json_pack("{s:s s:s s:s s:o}", "url", "http://erp/", "$webdriver_url", "http://driver/",
                    "$browser_mark", "00ff", "$recipe", json_loads(recipe, 0, NULL));
    return 0;
}

static void
take_line(char **lines, struct erp_reply *reply, char *body, size_t room)
{
    const char *line = *lines ? strsep(lines, "\n") : "null";
    bool error = *line == '!';

    if (error)
        snprintf(body, room, "{\"value\":{\"error\":\"%s\",\"message\":\"\"}}", line + 1);
    else
        snprintf(body, room, "{\"value\":%s}", line);
    *reply = (struct erp_reply){.sent = true,
                                .complete = *line != '?',
                                .ended = *line == '1',
                                .status = error ? 404 : 200,
                                .body = body,
                                .body_length = strlen(body)};
}

static void
attempt(const struct erp_driver *driver, void *session, struct erp_job *job, char *lines,
        char *body, size_t room)
{
    struct erp_outcome outcome = {.reason_code = ""};
    struct erp_reply reply;
    enum erp_verdict verdict = driver->step(session, job, NULL, &outcome);
    int steps = 0;

    for (; steps < STEPS_MAX && verdict == ERP_SEND; steps++) {
        take_line(&lines, &reply, body, room);
        job->now_ms += 20 + job->request.delay_ms;
        erp_request_clear(&job->request);
        verdict = driver->step(session, job, &reply, &outcome);
    }
    if (verdict == ERP_SEND || strstr(outcome.reason_text, password))
        abort();
    for (size_t i = 0; i < outcome.evidence_count; i++)
        if (memmem(outcome.evidence[i].bytes, outcome.evidence[i].length, password,
                   strlen(password)) &&
            strcmp(outcome.evidence[i].kind, "html") == 0)
            abort();
    erp_outcome_clear(&outcome);
    driver->job_free(session, job);
    erp_request_clear(&job->request);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct order order = {
        .uniqueid = "u-1", .worksheet = "558", .product_nr = "10", .product_amount = "5"};
    const struct credentials auth = {(char *)"bot", password};
    const struct erp_driver *driver = erp_driver_find("webdriver");
    void *session = driver->session_new(erp);
    struct erp_job job = {.order = &order, .auth = &auth, .workshop = "Bennys Auto", .now_ms = 1};
    char *lines = mem_alloc(size + 1), *body = mem_alloc(size + 100);

    memcpy(lines, data, size);
    attempt(driver, session, &job, lines, body, size + 100);
    free(lines);
    free(body);
    driver->session_free(session);
    return 0;
}
