/* What a session has open outside this process: noted before anything else leaves, and closed. */
#include "test/unit/worker/scripted.h"

/* A driver that opens a "browser" for its session, and an ERP that counts those that are open.
 *
 * POST /open/USER gives a number, /line/UNIQUEID makes a line, /close/NUMBER ends it. */
struct browser {
    char note[32]; /* empty: none */
    unsigned orders;
};

static struct {
    char at_disk[64]; /* the notes on disk when the last request came, a space behind each */
    char log[256];    /* the requests, a space behind each */
    unsigned opened, idle_s, delay_ms;
    int64_t line_ms; /* when a line's request came */
    bool hang_close; /* /close is not answered */
    bool fill_disk;  /* when /open comes */
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
    if (!reply)
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

static void
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
        world.line_ms = clock_monotonic_ms();
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

static int
setup(void **state)
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
    delivery_remake(s);
    delivery_start(s->delivery);
    return 0;
}

/* --- the note --- */

static void
a_session_is_noted_before_the_next_request(void **state)
{
    struct scripted *s = *state;

    place(s, "u-1", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    assert_string_equal(world.at_disk, "s-1 "); /* as the line's request came */
    place(s, "u-2", "558");
    run_until_counts(s, ORDER_CREATED, 2);
    assert_string_equal(world.log, "open/bot line/u-1 line/u-2 ");
    assert_on_disk(s, "s-1 ");
    assert_int_equal(delivery_closing(s->delivery), 0);
}

static void
what_a_dead_process_left_is_closed_first(void **state)
{
    struct scripted *s = *state;
    struct err err;

    assert_int_equal(queue_note_session(s->f.queue, NULL, "old-1", &err), 0);
    assert_int_equal(queue_note_session(s->f.queue, NULL, "old-2", &err), 0);
    world.browsers = 2;
    delivery_remake(s);
    delivery_tidy(s->delivery);
    assert_int_equal(delivery_closing(s->delivery), 2);
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    assert_non_null(strstr(world.log, "close/old-1 "));
    assert_non_null(strstr(world.log, "close/old-2 "));
    assert_string_equal(strstr(world.log, "open/"), "open/bot line/u-1 ");
    assert_on_disk(s, "s-1 ");
}

static void
a_killed_process_leaves_its_note(void **state)
{
    struct scripted *s = *state;

    s->otherwise = HOLD;
    place(s, "u-1", "558");
    RUN_UNTIL(s->base, s->lines == 1);
    delivery_remake(s); /* the old one goes without a word */
    assert_on_disk(s, "s-1 ");
    delivery_tidy(s->delivery);
    RUN_UNTIL(s->base, !delivery_closing(s->delivery));
    assert_on_disk(s, "");
    assert_int_equal(world.browsers, 0);
}

static void
notes_come_change_and_go(void **state)
{
    struct scripted *s = *state;
    char text[16];
    struct err err;
    json_t *notes;

    delivery_free(s->delivery);
    s->delivery = NULL;
    assert_null(queue_session_notes(s->f.queue));
    assert_int_equal(queue_note_session(s->f.queue, NULL, "a", &err), 0);
    assert_int_equal(queue_note_session(s->f.queue, NULL, "b", &err), 0);
    assert_int_equal(queue_note_session(s->f.queue, "a", "c", &err), 0);
    assert_on_disk(s, "b c ");
    fixture_reopen(&s->f, 16);
    assert_on_disk(s, "b c ");
    assert_int_equal(queue_note_session(s->f.queue, "b", NULL, &err), 0);
    assert_int_equal(queue_note_session(s->f.queue, "nobody", NULL, &err), 0);
    assert_on_disk(s, "c ");
    for (int i = 0; i < QUEUE_SESSION_NOTES_MAX + 2; i++) {
        snprintf(text, sizeof text, "n-%d", i);
        assert_int_equal(queue_note_session(s->f.queue, NULL, text, &err), 0);
    }
    notes = queue_session_notes(s->f.queue);
    assert_int_equal(json_array_size(notes), QUEUE_SESSION_NOTES_MAX);
    assert_string_equal(json_string_value(json_array_get(notes, 0)), "n-2");
    json_decref(notes);
}

/* --- closing --- */

static void
an_idle_session_is_closed(void **state)
{
    struct scripted *s = *state;

    world.idle_s = 1;
    place(s, "u-1", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    RUN_UNTIL(s->base, strstr(world.log, "close/") && !delivery_closing(s->delivery));
    assert_string_equal(world.log, "open/bot line/u-1 close/s-1 ");
    assert_on_disk(s, "");
    place(s, "u-2", "558");
    run_until_counts(s, ORDER_CREATED, 2);
    assert_string_equal(strstr(world.log, "close/"), "close/s-1 open/bot line/u-2 ");
}

static void
other_credentials_close_the_session_first(void **state)
{
    struct scripted *s = *state;

    place(s, "u-1", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    place_as(s, "u-2", "bea", "her-password");
    run_until_counts(s, ORDER_CREATED, 2);
    assert_string_equal(world.log, "open/bot line/u-1 close/s-1 open/bea line/u-2 ");
    assert_int_equal(world.max_browsers, 1);
    assert_on_disk(s, "s-2 ");
}

static void
no_configuration_exceeds_the_drivers_limit(void **state)
{
    struct scripted *s = *state;

    s->workshop.max_in_flight = 5;
    s->otherwise = HOLD;
    delivery_remake(s);
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    place(s, "u-2", "559");
    RUN_UNTIL(s->base, s->lines == 1);
    run_for(s->base, 50);
    assert_int_equal(delivery_in_hand(s->delivery), 1);
    assert_int_equal(s->lines, 1);
}

static void
two_at_once_never_have_two_sessions(void **state)
{
    struct scripted *s = *state;

    s->driver.max_in_flight_limit = 0;
    delivery_remake(s);
    delivery_start(s->delivery);
    place_as(s, "u-1", "bea", "her-password");
    place_as(s, "u-2", "tom", "his-password");
    place(s, "u-3", "558");
    run_until_counts(s, ORDER_CREATED, 3);
    assert_int_equal(world.opened, 3);
    assert_int_equal(world.max_browsers, 1);
    RUN_UNTIL(s->base, !delivery_in_hand(s->delivery));
}

static void
the_end_closes_what_is_open(void **state)
{
    struct scripted *s = *state;

    place(s, "u-1", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    RUN_UNTIL(s->base, !delivery_in_hand(s->delivery));
    delivery_close(s->delivery);
    assert_int_equal(delivery_closing(s->delivery), 1);
    place(s, "u-2", "558");
    RUN_UNTIL(s->base, !delivery_closing(s->delivery));
    run_for(s->base, 50);
    assert_string_equal(world.log, "open/bot line/u-1 close/s-1 ");
    assert_on_disk(s, "");
    assert_int_equal(get(s->f.queue, "u-2").status, ORDER_PLACED);
}

static void
the_end_gives_up_the_order_that_is_under_way(void **state)
{
    struct scripted *s = *state;

    s->otherwise = HOLD;
    place(s, "u-1", "558");
    RUN_UNTIL(s->base, s->lines == 1);
    delivery_close(s->delivery);
    assert_int_equal(delivery_in_hand(s->delivery), 0);
    RUN_UNTIL(s->base, !delivery_closing(s->delivery));
    assert_int_equal(world.browsers, 0);
    assert_on_disk(s, "");
    assert_int_equal(get(s->f.queue, "u-1").status, ORDER_PROCESSING);
    assert_true(get(s->f.queue, "u-1").commit_sent);
}

static void
a_closing_that_hangs_stays_noted(void **state)
{
    struct scripted *s = *state;

    world.hang_close = true;
    place(s, "u-1", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    place_as(s, "u-2", "bea", "her-password");
    RUN_UNTIL(s->base, strstr(world.log, "close/s-1 "));
    run_for(s->base, 50);
    assert_int_equal(s->lines, 1);         /* it waits for the way */
    run_until_counts(s, ORDER_CREATED, 2); /* after the closing's deadline */
    assert_on_disk(s, "s-1 s-2 ");
}

static void
nothing_leaves_while_the_note_cannot_be_kept(void **state)
{
    struct scripted *s = *state;
    json_t *history;

    world.fill_disk = true;
    place(s, "u-1", "558");
    RUN_UNTIL(s->base, world.opened == 1);
    run_for(s->base, 100);
    assert_int_equal(s->lines, 0);
    assert_on_disk(s, "");
    disk_takes(true);
    run_until_counts(s, ORDER_CREATED, 1);
    assert_string_equal(world.log, "open/bot line/u-1 ");
    assert_string_equal(world.at_disk, "s-1 ");
    history = history_of(s->f.queue, "u-1");
    assert_string_equal(history_text(history, 2, "reason_code"), "erp_failure");
    json_decref(history);
}

/* --- a delay --- */

static void
a_request_leaves_with_its_delay(void **state)
{
    struct scripted *s = *state;
    int64_t begin_ms = clock_monotonic_ms();

    world.delay_ms = 120;
    place(s, "u-1", "558");
    RUN_UNTIL(s->base, world.opened == 1);
    run_for(s->base, 40);
    assert_int_equal(s->lines, 0);
    assert_false(get(s->f.queue, "u-1").commit_sent); /* not before it leaves */
    run_until_counts(s, ORDER_CREATED, 1);
    assert_true(world.line_ms - begin_ms >= 120);
}

static void
a_delayed_request_goes_with_its_job(void **state)
{
    struct scripted *s = *state;

    world.delay_ms = 60;
    place(s, "u-1", "558");
    RUN_UNTIL(s->base, world.opened == 1);
    run_for(s->base, 20);
    delivery_close(s->delivery);
    RUN_UNTIL(s->base, !delivery_closing(s->delivery));
    run_for(s->base, 120);
    assert_int_equal(s->lines, 0);
    assert_false(get(s->f.queue, "u-1").commit_sent);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scripted_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_session_is_noted_before_the_next_request),
        TEST(what_a_dead_process_left_is_closed_first),
        TEST(a_killed_process_leaves_its_note),
        TEST(notes_come_change_and_go),
        TEST(an_idle_session_is_closed),
        TEST(other_credentials_close_the_session_first),
        TEST(no_configuration_exceeds_the_drivers_limit),
        TEST(two_at_once_never_have_two_sessions),
        TEST(the_end_closes_what_is_open),
        TEST(the_end_gives_up_the_order_that_is_under_way),
        TEST(a_closing_that_hangs_stays_noted),
        TEST(nothing_leaves_while_the_note_cannot_be_kept),
        TEST(a_request_leaves_with_its_delay),
        TEST(a_delayed_request_goes_with_its_job),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
