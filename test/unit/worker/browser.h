/* A worker loop whose driver opens a "browser" per session, and an ERP that counts open ones.
 *
 * POST /open/USER returns a number, /line/UNIQUEID makes a line, /close/NUMBER closes it. */
#ifndef TEST_UNIT_WORKER_BROWSER_H
#define TEST_UNIT_WORKER_BROWSER_H

#include "test/unit/worker/scripted.h"

struct browser {
    char note[32]; /* empty: none */
    unsigned orders;
};

static struct {
    char at_disk[64]; /* notes on disk at the last request, each followed by a space */
    char log[256];    /* requests, each followed by a space */
    unsigned opened, idle_s, delay_ms;
    bool kill;       /* before /close */
    unsigned asked;  /* number of kill requests */
    bool hang_close; /* /close gets no reply */
    bool fill_disk;  /* on /open */
    unsigned max_browsers, browsers;
} world;

static void *
browser_new(const json_t *erp)
{
    assert_true(json_is_object(erp));
    return calloc(1, sizeof(struct browser));
}

static const char *
browser_note(void *session)
{
    struct browser *browser = session;

    return *browser->note ? browser->note : NULL;
}

static void
browser_adopt(void *session, const char *note)
{
    snprintf(((struct browser *)session)->note, sizeof(struct browser){0}.note, "%s", note);
}

static unsigned
browser_idle_s(void *session)
{
    assert_non_null(session);
    return world.idle_s;
}

static enum erp_verdict
browser_send(struct erp_job *job, const char *what, const char *of)
{
    struct erp_request *request = &job->request;

    assert_true(job->now_ms > 0);
    request->method = "POST";
    request->what = what;
    request->commits = strcmp(what, "line") == 0;
    request->delay_ms = request->commits ? world.delay_ms : 0;
    if (asprintf(&request->url, "http://127.0.0.1:%u/%s/%s", scene->erp.port, what, of) < 0)
        abort();
    job->state = (void *)(uintptr_t)what;
    return ERP_SEND;
}

static enum erp_verdict
browser_close(struct browser *browser, struct erp_job *job, const struct erp_reply *reply,
              struct erp_outcome *outcome)
{
    assert_null(job->auth);
    if (!reply && world.kill) {
        job->request.kind = ERP_KILL_BROWSERS;
        job->request.timeout_ms = 60000;
        job->state = (void *)(uintptr_t) "kill";
        return ERP_SEND;
    }
    if (reply && strcmp(job->state, "kill") == 0)
        snprintf(world.log + strlen(world.log), sizeof world.log - strlen(world.log), "killed/%u ",
                 reply->ended);
    if (!reply || strcmp(job->state, "kill") == 0)
        return browser_send(job, "close", browser->note);
    browser->note[0] = '\0';
    return erp_end(outcome, ERP_CREATED, "", "%s", "");
}

static enum erp_verdict
browser_step(void *session, struct erp_job *job, const struct erp_reply *reply,
             struct erp_outcome *outcome)
{
    struct browser *browser = session;

    if (!job->order)
        return browser_close(browser, job, reply, outcome);
    if (!reply && !*browser->note)
        return browser_send(job, "open", job->auth->username);
    if (reply && erp_reply_technical(reply, job->state, outcome))
        return ERP_RETRY;
    if (reply && strcmp(job->state, "line") == 0)
        return erp_end(outcome, ERP_CREATED, "", "%s", "");
    if (reply)
        snprintf(browser->note, sizeof browser->note, "%.*s", (int)reply->body_length, reply->body);
    return browser_send(job, "line", job->order->uniqueid);
}

static void
read_disk(struct scripted *s)
{
    json_t *notes = queue_session_notes(s->f.queue), *note;
    size_t i;

    world.at_disk[0] = '\0';
    json_array_foreach(notes, i, note)
    {
        strcat(world.at_disk, json_string_value(note));
        strcat(world.at_disk, " ");
    }
    json_decref(notes);
}

static inline void
assert_on_disk(struct scripted *s, const char *notes)
{
    read_disk(s);
    assert_string_equal(world.at_disk, notes);
}

static void
browser_on_request(struct connection *c, void *arg)
{
    struct scripted *s = arg;
    char what[8], of[64], number[16] = "";

    assert_int_equal(sscanf(c->request, "POST /%7[^/]/%63[^ ]", what, of), 2);
    read_disk(s);
    strcat(strcat(strcat(strcat(world.log, what), "/"), of), " ");
    if (strcmp(what, "open") == 0) {
        snprintf(number, sizeof number, "s-%u", ++world.opened);
        if (++world.browsers > world.max_browsers)
            world.max_browsers = world.browsers;
        if (world.fill_disk)
            disk_takes(false);
    } else if (strcmp(what, "line") == 0) {
        assert_true(get(s->f.queue, of).commit_sent);
        s->lines++;
        if (s->otherwise == HOLD)
            return;
    } else {
        if (world.hang_close)
            return;
        world.browsers--;
    }
    server_reply(c, 200, "", number);
}

static void
browser_on_kill(void *arg)
{
    assert_non_null(arg);
    world.asked++;
}

static int
browser_setup(void **state)
{
    struct scripted *s;

    scripted_setup(state);
    s = *state;
    memset(&world, 0, sizeof world);
    s->erp.on_request = browser_on_request;
    s->driver = (struct erp_driver){.system = "scripted",
                                    .max_in_flight = 4,
                                    .max_in_flight_limit = 1,
                                    .one_session = true,
                                    .can_look_up = true,
                                    .session_new = browser_new,
                                    .session_free = free,
                                    .step = browser_step,
                                    .job_free = scripted_job_free,
                                    .session_note = browser_note,
                                    .session_adopt = browser_adopt,
                                    .session_idle_s = browser_idle_s};
    s->browser_killer = browser_killer_new(s->base, browser_on_kill, s);
    delivery_remake(s);
    delivery_start(s->delivery);
    return 0;
}

#endif
