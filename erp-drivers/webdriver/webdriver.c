/* A driver that carries out a recipe in a browser, which serves order after order. */
#include "erp-drivers/webdriver/webdriver.h"

#include "erp-drivers/engine/known.h"
#include "erp-drivers/webdriver/phases.h"
#include "erp-drivers/webdriver/run.h"
#include "erp-drivers/webdriver/verbs/verbs.h"

static void *
webdriver_session_new(const json_t *erp)
{
    return browser_new(erp);
}

static enum erp_verdict
webdriver_step(void *session, struct erp_job *job, const struct erp_reply *reply,
               struct erp_outcome *outcome)
{
    struct attempt *a = job->state;
    struct wire_reply wire = {.kind = WIRE_CUT};
    const struct wire_reply *taken = NULL;
    enum result result;

    if (!a)
        job->state = a = attempt_new(session, job, &webdriver_calls);
    if (reply) {
        wire_read(reply, &wire);
        taken = &wire;
        if (reply->cut_off && !*a->cut_off)
            run_cut_off(a, reply->cut_off);
    }
    result = phases_run(a, taken);
    wire_clear(&wire);
    if (result == SENT)
        return ERP_SEND;
    *outcome = a->outcome;
    a->outcome = (struct erp_outcome){.reason_code = ""};
    return a->verdict;
}

static void
webdriver_job_free(void *session, struct erp_job *job)
{
    struct attempt *a = job->state;
    struct browser *b = session;

    if (!a)
        return;
    /* Abandoned, or finished in a window that is not the main one. */
    b->dirty |= !a->ended || a->window;
    attempt_free(a);
    job->state = NULL;
}

static unsigned
webdriver_session_idle_s(void *session)
{
    const struct browser *b = session;

    return (unsigned)recipe_number(json_object_get(b->recipe, "browser"), "idle_s", RECIPE_IDLE_S);
}

const struct erp_driver *
webdriver_driver(void)
{
    static const struct erp_driver driver = {.system = "webdriver",
                                             .max_in_flight = 1,
                                             .max_in_flight_limit = 1,
                                             .needs_credentials = true,
                                             .can_look_up = true,
                                             .one_session = true,
                                             .session_new = webdriver_session_new,
                                             .session_free = browser_free,
                                             .step = webdriver_step,
                                             .job_free = webdriver_job_free,
                                             .looks_in_worksheet = known_looks_in_worksheet,
                                             .can_check = known_can_check,
                                             .session_note = browser_note,
                                             .session_adopt = browser_adopt,
                                             .session_idle_s = webdriver_session_idle_s};

    return &driver;
}
