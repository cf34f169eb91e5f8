/* A browser that answers correctly until the input corrupts a reply: two attempts and a closing
 * job. Each ends, and nothing the driver outputs contains the password. An input is lines: the
 * number of correct answers, as the first byte counted from '0', then the next reply: JSON for
 * "value", an error after '!', no reply for '?'. */
#include "test/fuzz/fuzz.h"
#include "test/unit/erp-drivers/fake_browser.h"

#define STEPS_MAX 1500

static json_t *erp;
static struct fake fake;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    secret_start();
    erp = json_pack("{s:s s:s s:s s:o}", "url", "http://erp.example/app/", "$webdriver_url",
                    "http://driver.example:9515/", "$browser_mark", "00ff", "$recipe",
                    json_loads(fake_recipe, 0, NULL));
    return 0;
}

static void
spoil(struct erp_reply *reply, const char *line)
{
    char *error;

    if (*line == '?') {
        *reply = (struct erp_reply){.sent = line[1] != '-'};
    } else if (*line == '!') {
        error = mem_format("{\"error\":\"%s\",\"message\":\"\"}", line + 1);
        fake_say(&fake, reply, 404, error);
        free(error);
    } else {
        fake_say(&fake, reply, 200, line);
    }
}

struct input {
    const uint8_t *data;
    size_t size;
    unsigned well; /* remaining correct answers */
    char *line;    /* the next reply; NULL: all replies are correct from here on */
};

static void
take_line(struct input *in)
{
    in->line = NULL;
    if (!in->size)
        return;
    in->well = take_choice(&in->data, &in->size) - '0';
    in->well %= 200;
    in->line = take_text(&in->data, &in->size, '\n');
}

static void
reply_to(struct input *in, const struct erp_request *request, struct erp_reply *reply)
{
    fake.hangs = false;
    fake_reply(&fake, request, reply);
    if (!in->line || in->well-- > 0 || request->kind == ERP_KILL_BROWSERS)
        return;
    spoil(reply, in->line);
    free(in->line);
    take_line(in);
}

static void
check_words(const struct erp_outcome *outcome)
{
    REQUIRE(!strstr(outcome->reason_text, FAKE_PASSWORD));
    for (size_t i = 0; i < outcome->evidence_count; i++)
        REQUIRE(strcmp(outcome->evidence[i].kind, "html") ||
                !strstr(outcome->evidence[i].bytes, FAKE_PASSWORD));
}

static void
run(const struct erp_driver *driver, void *session, struct order *order, struct input *in)
{
    static const struct credentials auth = {(char *)"bot", (char *)FAKE_PASSWORD};
    struct erp_job job = {.workshop = "Bennys Auto", .order = order, .auth = order ? &auth : NULL};
    struct erp_outcome outcome = {.reason_code = ""};
    struct erp_reply reply;
    enum erp_verdict verdict;
    unsigned steps = 0;

    job.now_ms = fake.now_ms;
    verdict = driver->step(session, &job, NULL, &outcome);
    for (; verdict == ERP_SEND && steps < STEPS_MAX; steps++) {
        REQUIRE(job.request.what && (job.request.kind == ERP_KILL_BROWSERS || job.request.url));
        REQUIRE(job.request.kind == ERP_KILL_BROWSERS || !strstr(job.request.url, FAKE_PASSWORD));
        reply_to(in, &job.request, &reply);
        erp_request_clear(&job.request);
        job.now_ms = fake.now_ms;
        verdict = driver->step(session, &job, &reply, &outcome);
    }
    REQUIRE(verdict != ERP_SEND && verdict != ERP_WAIT);
    check_words(&outcome);
    erp_outcome_clear(&outcome);
    driver->job_free(session, &job);
    erp_request_clear(&job.request);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned choice = take_choice(&data, &size);
    struct order order = {
        .uniqueid = "u-1", .worksheet = "558", .product_nr = "10", .product_amount = "5"};
    const struct erp_driver *driver = erp_driver_find("webdriver");
    void *session = driver->session_new(erp);
    struct input in = {.data = data, .size = size};

    fake = (struct fake){.rule = choice % 8 < 4 ? (int)choice % 8 : -1,
                         .amount = "5,00",
                         .line_amount = choice & 8 ? "4" : "5",
                         .dialog = "Save it?",
                         .says_no_when_saved = choice & 16,
                         .asks_nothing = choice & 32,
                         .never_confirms = choice & 64,
                         .now_ms = 1000};
    take_line(&in);
    run(driver, session, &order, &in);
    order.commit_sent = true;
    run(driver, session, &order, &in);
    if (driver->session_note(session))
        run(driver, session, NULL, &in);
    free(in.line);
    free(fake.body);
    driver->session_free(session);
    return 0;
}
