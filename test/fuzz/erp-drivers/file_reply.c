/* Files that the file driver reads back: only its own record is taken for this order; a whole
 * attempt over any files ends, and reports nothing created that it has not written or read. */
#include "erp-drivers/driver.h"
#include "erp-drivers/file/record.h"
#include "test/fuzz/fuzz.h"

#define STEPS_MAX 16
#define WORKSHOP "Bennys"

static json_t *erps[3];

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    secret_start();
    erps[0] = json_pack("{s:s}", "folder", "/srv/lines/");
    erps[1] = json_pack("{s:s s:s}", "folder", "/srv/lines", "format", "json");
    erps[2] = json_pack("{s:s s:s s:b s:[s, s, s, s]}", "folder", "/", "delimiter", ";", "header",
                        0, "columns", "product_amount", "uniqueid", "worksheet", "product_nr");
    return 0;
}

/* An order's text is UTF-8 without line ends; it may contain the delimiter and quotes. */
static void
take_value(const uint8_t **data, size_t *size, char to[ORDER_VALUE_MAX + 1])
{
    char *text = take_text(data, size, '\n');

    text_clean(text);
    text_copy(to, ORDER_VALUE_MAX + 1, *text ? text : "x");
    free(text);
}

static void
round_trip(const struct file_format *format, const struct order *order)
{
    struct order other = *order;
    char *record = file_record(format, order, WORKSHOP);

    REQUIRE(file_record_same(format, record, strlen(record), order, WORKSHOP));
    strcpy(other.product_amount, "6");
    REQUIRE(!file_record_same(format, record, strlen(record), &other, WORKSHOP));
    strcpy(other.product_amount, order->product_amount);
    strcpy(other.worksheet, strcmp(order->worksheet, "y") ? "y" : "z");
    REQUIRE(!file_record_same(format, record, strlen(record), &other, WORKSHOP));
    free(record);
}

/* The rest of the input is the files in turn: a status and a content each. */
static void
attempt(const json_t *erp, const struct order *order, const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 404, 507, 500, 200};
    const struct erp_driver *driver = erp_driver_find("file");
    void *session = driver->session_new(erp);
    struct erp_job job = {.order = order, .workshop = WORKSHOP};
    struct erp_outcome outcome = {.reason_code = ""};
    enum erp_verdict verdict = driver->step(session, &job, NULL, &outcome);
    bool committed = false, same = false;
    struct file_format format;
    int steps = 0;

    file_format_read(&format, erp);
    for (; steps < STEPS_MAX && verdict == ERP_SEND; steps++) {
        unsigned choice = take_choice(&data, &size);
        char *body = take_text(&data, &size, '\0');
        struct erp_reply reply = {.sent = true,
                                  .complete = choice != 255,
                                  .status = statuses[choice % 5],
                                  .body = body,
                                  .body_length = strlen(body)};

        committed |= job.request.commits && reply.complete && reply.status == 200;
        same |= job.request.kind == ERP_FILE_READ && reply.status == 200 &&
                file_record_same(&format, body, strlen(body), order, WORKSHOP);
        erp_request_clear(&job.request);
        verdict = driver->step(session, &job, &reply, &outcome);
        free(body);
    }
    REQUIRE(verdict != ERP_SEND && (verdict != ERP_CREATED || committed || same));
    erp_outcome_clear(&outcome);
    driver->job_free(session, &job);
    erp_request_clear(&job.request);
    driver->session_free(session);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned choice = take_choice(&data, &size);
    struct order order = {
        .status = ORDER_PROCESSING, .product_amount = "5.50", .commit_sent = choice & 8};
    const json_t *erp = erps[choice % 3];
    struct file_format format;

    file_format_read(&format, erp);
    take_value(&data, &size, order.uniqueid);
    take_value(&data, &size, order.worksheet);
    take_value(&data, &size, order.product_nr);
    round_trip(&format, &order);
    file_record_same(&format, (const char *)data, size, &order, WORKSHOP);
    attempt(erp, &order, data, size);
    return 0;
}
