/* Feeds an attempt by an API recipe with replies: the input's records begin with a byte that picks
 * the status, end with a NUL byte, and have headers before an empty line. Whatever an ERP answers,
 * the attempt ends, says created only for a line that it saw, and lets no password out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/recipe/recipe.h"
#include "erp-drivers/driver.h"

#define STEPS_MAX 3000 /* a thousand pages, twice */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static char password[] = "bot-secret-7351";
static json_t *erp;

static const char recipe[] =
    "{\"recipe\":1,\"kind\":\"http\",\"headers\":{\"Authorization\":\"Basic {credentials.basic}\","
    "\"X-T\":\"{session.t}\"},\"requests_per_s\":1,\"namespaces\":{\"o\":\"urn:o\"},"
    "\"login\":[{\"post\":\"/login\",\"form\":{\"p\":\"{credentials.password}\"},\"into\":\"t\"},"
    "{\"keep\":{\"t\":\"{t.token}\"},\"for_s\":\"{t.s}\"}],"
    "\"lookup\":[{\"call\":\"find\"}],"
    "\"create\":[{\"get\":\"/doc\",\"into\":\"doc\"},{\"read\":null,\"header\":\"ETag\",\"into\":"
    "\"etag\"},{\"read\":\"{doc}\",\"at\":\"/"
    "t\",\"between\":[\"a\",\"b\"],\"or\":\"1\",\"number\":{"
    "\"decimal\":\",\"},\"into\":\"n\"},{\"assert\":{\"decimals\":[\"{order.product_amount}\","
    "\"{doc.d|or:3}\"]}},{\"get\":\"/x\",\"xpath\":{\"rows\":\"//o:l\",\"fields\":{\"a\":\"@a\"}},"
    "\"into\":\"xs\",\"optional\":true}],"
    "\"commit\":[{\"put\":\"/"
    "doc\",\"headers\":{\"If-Match\":\"{etag}\"},\"reply\":\"any\",\"json\":"
    "{\"$merge\":[\"{doc}\",{\"lines\":{\"$append\":[\"{doc.lines}\",{\"id\":\"{order.uniqueid}\","
    "\"q\":{\"$number\":\"{order.product_amount}\"},\"e\":{\"$each\":[\"{doc.e}\",\"{row.x|or}\"]}"
    "}]}}]}},{\"wait\":{\"json\":{\"at\":\"/s\",\"is\":\"done\"}},\"do\":[{\"get\":\"/s\"}],"
    "\"timeout_s\":5}],"
    "\"undo\":[{\"delete\":\"/doc\"}],\"verify\":[{\"call\":\"find\"}],"
    "\"pieces\":{\"find\":[{\"get\":\"/l?p={page}\",\"at\":\"/"
    "rows\",\"pages\":{\"from\":1},\"into\":"
    "\"rows\"},{\"each\":\"{rows}\",\"where\":{\"equal\":[\"{row.id}\",\"{order.uniqueid}\"]},"
    "\"do\":"
    "[{\"found\":{\"reference\":\"{row.r}\",\"product_nr\":\"{row.p}\",\"amount\":\"{row.q}\"}}],"
    "\"none\":[]}]},"
    "\"errors\":[{\"status\":401,\"code\":\"session_lost\"},{\"xml\":{\"at\":\"//o:e\",\"present\":"
    "true},\"code\":\"erp_busy\"},{\"json\":{\"at\":\"/error/code\",\"starts\":\"x\"},\"code\":"
    "\"erp_rejected\",\"words\":\"{reply.error.words|or}\"},{\"text\":\"wait\",\"wait_between\":["
    "\"wait \",\"s\"],\"twice_s\":1,\"code\":\"auth_failed\"}]}";

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct json_faults faults = {NULL, 0};
    json_t *parsed = json_loads(recipe, 0, NULL);

    (void)argc;
    (void)argv;
    secret_start();
    if (!parsed || !recipe_check(parsed, "recipe", &faults))
        abort();
    erp = json_pack("{s:s s:o}", "url", "http://erp/base/", "$recipe", parsed);
    return 0;
}

/* The next record of the input; where there are no more, the connection is cut. */
static void
take_record(const uint8_t **data, size_t *size, char *room, struct erp_reply *reply)
{
    static const int statuses[] = {200, 200, 201, 202, 204, 301, 400, 401, 404, 409, 429, 500, 503};
    const uint8_t *end = *size ? memchr(*data, 0, *size) : NULL;
    size_t length = end ? (size_t)(end - *data) : *size;
    char *body;

    *reply = (struct erp_reply){.sent = true};
    if (!*size)
        return;
    memcpy(room, *data, length);
    room[length] = '\0';
    *data += length + (end != NULL);
    *size -= length + (end != NULL);
    reply->complete = true;
    reply->status = statuses[(unsigned char)*room % (sizeof statuses / sizeof *statuses)];
    body = strstr(room, "\n\n");
    reply->headers = body ? room : NULL;
    if (body)
        *body = '\0';
    reply->body = body ? body + 2 : length ? room + 1 : room;
    reply->body_length = strlen(reply->body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct order order = {.uniqueid = "u-1",
                                .worksheet = "558",
                                .product_nr = "10",
                                .product_amount = "5.5",
                                .commit_sent = size % 2};
    const struct credentials auth = {(char *)"bot", password};
    const struct erp_driver *driver = erp_driver_find("http");
    void *session = driver->session_new(erp);
    struct erp_job job = {.order = &order, .auth = &auth, .workshop = "Bennys Auto", .now_ms = 1};
    struct erp_outcome outcome = {.reason_code = ""};
    struct erp_reply reply;
    char *room = mem_alloc(size + 1);
    enum erp_verdict verdict = driver->step(session, &job, NULL, &outcome);
    bool ours = false;

    for (int steps = 0; steps < STEPS_MAX && verdict == ERP_SEND; steps++) {
        take_record(&data, &size, room, &reply);
        ours = ours || (reply.complete && strstr(reply.body, "u"));
        if (strncmp(job.request.url, "http://erp", 10))
            abort();
        job.now_ms += job.request.delay_ms;
        verdict = driver->step(session, &job, &reply, &outcome);
    }
    if (verdict == ERP_SEND || verdict == ERP_WAIT || strstr(outcome.reason_text, password) ||
        (verdict == ERP_CREATED && !ours))
        abort();
    for (size_t i = 0; i < outcome.evidence_count; i++)
        if (strstr(outcome.evidence[i].bytes, password))
            abort();
    erp_outcome_clear(&outcome);
    driver->job_free(session, &job);
    erp_request_clear(&job.request);
    driver->session_free(session);
    free(room);
    return 0;
}
