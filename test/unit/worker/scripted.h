/* A worker loop with a scripted driver and ERP.
 *
 * The driver posts an order to /line/UNIQUEID, after a login shared by the session's jobs if the
 * test wants one. The ERP answers each request with the next entry of the script. */
#ifndef TEST_UNIT_WORKER_SCRIPTED_H
#define TEST_UNIT_WORKER_SCRIPTED_H

#include "test/unit/worker/server.h"

#define STORAGE_PAUSE_MS 20

#include "worker/delivery/delivery.h"

enum answer { CUT = -1, HOLD = -2 }; /* besides HTTP statuses */

#define HELD_MAX 16

struct scripted {
    struct fixture f;
    struct event_base *base;
    struct server erp;
    struct http *http;
    struct browser_killer *browser_killer; /* NULL: the driver makes no kill requests */
    struct workshop_config workshop;
    struct credentials configured;
    struct erp_driver driver;
    unsigned closing_ms;
    struct delivery *delivery;
    /* the script: answers in order, then `otherwise` */
    int script[32];
    unsigned script_length, script_at;
    int otherwise;
    bool login_first;
    /* the record */
    unsigned lines, logins, changes;
    unsigned at_once, most_at_once;
    char seen[512];  /* uniqueids of /line requests, each followed by a space */
    char users[512]; /* users of /line requests, each followed by a space */
    struct connection *held[HELD_MAX];
    unsigned held_count;
    void (*on_line)(struct scripted *s, const char *uniqueid); /* may be NULL */
};

/* Drivers have no test argument, so the current one is global. */
static struct scripted *scene;

/* --- the driver --- */

struct scripted_session {
    bool logged_in, logging_in;
};

static void *
scripted_session_new(const json_t *erp)
{
    assert_true(json_is_object(erp));
    return calloc(1, sizeof(struct scripted_session));
}

static enum erp_verdict
scripted_send(struct erp_job *job, const char *what, bool commits)
{
    struct erp_request *request = &job->request;

    request->kind = ERP_HTTP;
    request->method = "POST";
    request->what = what;
    request->commits = commits;
    if (asprintf(&request->url, "http://127.0.0.1:%u/%s/%s", scene->erp.port, what,
                 job->order->uniqueid) < 0)
        abort();
    erp_request_header(request, "X-User: %s", job->auth ? job->auth->username : "nobody");
    return ERP_SEND;
}

static enum erp_verdict
scripted_line(struct erp_job *job)
{
    job->state = job;
    return scripted_send(job, "line", true);
}

static enum erp_verdict
scripted_start(struct scripted_session *session, struct erp_job *job)
{
    if (!scene->login_first || session->logged_in)
        return scripted_line(job);
    if (session->logging_in)
        return ERP_WAIT;
    session->logging_in = true;
    return scripted_send(job, "login", false);
}

static enum erp_verdict
scripted_step(void *handle, struct erp_job *job, const struct erp_reply *reply,
              struct erp_outcome *outcome)
{
    struct scripted_session *session = handle;
    bool login = !job->state;

    if (!reply)
        return scripted_start(session, job);
    if (login)
        session->logging_in = false;
    if (erp_reply_technical(reply, login ? "login" : "line", outcome))
        return ERP_RETRY;
    if (reply->status == 401)
        return erp_end(outcome, ERP_PARK, "auth_failed", "who is this");
    if (reply->status == 422)
        return erp_end(outcome, ERP_REJECT, "worksheet_closed", "it is closed");
    if (reply->status == 423)
        return erp_end(outcome, ERP_RETRY, "worksheet_locked", "somebody is in it");
    session->logged_in = true;
    if (login)
        return scripted_line(job);
    erp_end(outcome, ERP_CREATED, NULL, "%s", "");
    snprintf(outcome->reference, sizeof outcome->reference, "line-%.64s", job->order->uniqueid);
    return ERP_CREATED;
}

static void
scripted_job_free(void *session, struct erp_job *job)
{
    assert_non_null(session);
    job->state = NULL;
}

/* --- the ERP --- */

static void
note(char list[512], const char *word)
{
    size_t used = strlen(list);

    snprintf(list + used, 512 - used, "%s ", word);
}

static void
give(struct scripted *s, struct connection *c, int answer)
{
    s->at_once--;
    if (answer == CUT)
        server_close(c);
    else
        server_reply(c, answer, "", "");
}

/* Answers all held requests. */
static inline void
release(struct scripted *s, int answer)
{
    unsigned count = s->held_count;

    s->held_count = 0;
    for (unsigned i = 0; i < count; i++)
        give(s, s->held[i], answer);
}

static void
erp_line(struct scripted *s, const char *uniqueid, const char *user)
{
    struct order order = get(s->f.queue, uniqueid);

    s->lines++;
    note(s->seen, uniqueid);
    note(s->users, user);
    assert_int_equal(order.status, ORDER_PROCESSING);
    assert_true(order.commit_sent); /* on disk before the request was sent */
    if (s->on_line)
        s->on_line(s, uniqueid);
}

static void
erp_on_request(struct connection *c, void *arg)
{
    struct scripted *s = arg;
    char what[8], uniqueid[64], user[64];
    int answer = s->script_at < s->script_length ? s->script[s->script_at++] : s->otherwise;

    assert_int_equal(sscanf(c->request, "POST /%7[^/]/%63[^ ]", what, uniqueid), 2);
    assert_int_equal(sscanf(strstr(c->request, "X-User: "), "X-User: %63[^\r]", user), 1);
    if (++s->at_once > s->most_at_once)
        s->most_at_once = s->at_once;
    if (strcmp(what, "login") == 0)
        s->logins++;
    else
        erp_line(s, uniqueid, user);
    if (answer == HOLD)
        s->held[s->held_count++] = c;
    else
        give(s, c, answer);
}

/* --- set-up --- */

static void
on_changed(void *arg)
{
    ((struct scripted *)arg)->changes++;
}

/* Recreates the worker loop with the current driver and configuration. */
static void
delivery_remake(struct scripted *s)
{
    const struct delivery_setup setup = {.base = s->base,
                                         .queue = s->f.queue,
                                         .http = s->http,
                                         .browser_killer = s->browser_killer,
                                         .workshop = &s->workshop,
                                         .erp = json_object_get(s->workshop.document, "erp"),
                                         .driver = &s->driver,
                                         .credentials = &s->configured,
                                         .closing_ms = s->closing_ms,
                                         .storage_pause_ms = STORAGE_PAUSE_MS,
                                         .changed = on_changed,
                                         .arg = s};

    delivery_free(s->delivery);
    s->delivery = delivery_new(&setup);
}

static int
scripted_setup(void **state)
{
    struct scripted *s = calloc(1, sizeof *s);

    scene = s;
    secret_start();
    log_open("test");
    folder_make(s->f.folder);
    fixture_open(&s->f, 16);
    s->base = event_base_new();
    s->erp.on_request = erp_on_request;
    s->erp.arg = s;
    server_open(&s->erp, s->base);
    s->http = http_new(s->base, NULL, NULL);
    strcpy(s->workshop.name, "Bennys Auto");
    s->workshop.retry =
        (struct retry_policy){.first_ms = 10, .max_ms = 40, .give_up_after_ms = 3600000};
    s->workshop.document = json_pack("{s:{s:s}}", "erp", "system", "scripted");
    s->configured.username = secret_string("bot");
    s->configured.password = secret_string("bot-password");
    s->driver = (struct erp_driver){.system = "scripted",
                                    .max_in_flight = 4,
                                    .can_look_up = true,
                                    .session_new = scripted_session_new,
                                    .session_free = free,
                                    .step = scripted_step,
                                    .job_free = scripted_job_free};
    s->closing_ms = DELIVERY_CLOSING_MS;
    s->otherwise = 200;
    delivery_remake(s);
    *state = s;
    return 0;
}

static int
scripted_teardown(void **state)
{
    struct scripted *s = *state;

    delivery_free(s->delivery);
    browser_killer_free(s->browser_killer);
    http_free(s->http);
    server_stop(&s->erp);
    event_base_free(s->base);
    queue_close(s->f.queue);
    folder_remove(s->f.folder);
    json_decref(s->workshop.document);
    credentials_clear(&s->configured);
    free(s);
    return 0;
}

static inline void
script(struct scripted *s, const int *answers, unsigned count)
{
    memcpy(s->script, answers, count * sizeof *answers);
    s->script_length = count;
    s->script_at = 0;
}

#define SCRIPT(s, ...)                                                                             \
    script(s, (const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

static inline void
place(struct scripted *s, const char *uniqueid, const char *worksheet)
{
    put_new(s->f.queue, uniqueid, worksheet);
    delivery_wake(s->delivery);
}

/* Orders u-0, u-1 …, each of a worksheet of its own. */
static inline void
place_many(struct scripted *s, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char id[16];

        snprintf(id, sizeof id, "u-%u", i);
        place(s, id, id);
    }
}

static inline void
place_as(struct scripted *s, const char *uniqueid, const char *username, const char *password)
{
    struct order order = order_of(uniqueid, uniqueid);
    struct credentials credentials = {secret_string(username), secret_string(password)};

    put_answered(s->f.queue, &order, &credentials, QUEUE_PLACED);
    credentials_clear(&credentials);
    delivery_wake(s->delivery);
}

static inline void
run_until_counts(struct scripted *s, enum order_status status, unsigned count)
{
    RUN_UNTIL(s->base, queue_count(s->f.queue, status) == count);
}

static inline void
run_until_state(struct scripted *s, const char *state)
{
    RUN_UNTIL(s->base, strcmp(delivery_state(s->delivery), state) == 0);
}

#endif
