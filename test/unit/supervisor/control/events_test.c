/* Which events are sent to whom and when; the readers are buffers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "supervisor/control/event_rules.h"
#include "supervisor/control/events.h"

/* A reader; the stream must be its first member. */
struct reader {
    struct call_stream stream;
    char *text; /* sent but not read yet */
    bool takes; /* its backlog stays empty */
    bool ended, cut;
    int refused; /* status */
};

static struct reader readers[EVENTS_READERS_MAX + 1];
static unsigned reader_count;
static struct event_base *base;
static struct workshop_config workshops[2];
static struct workshop_config *configured[2] = {&workshops[0], &workshops[1]};
static struct daemon_config config;
static struct child children_there[2], *children[2];
static struct daemon daemon_there;
static struct events *events;

static void
reader_send(struct call_stream *stream, const char *data, size_t length)
{
    struct reader *reader = (struct reader *)stream;
    size_t used = reader->text ? strlen(reader->text) : 0;

    reader->text = mem_resize(reader->text, used + length + 1);
    memcpy(reader->text + used, data, length);
    reader->text[used + length] = '\0';
}

static size_t
reader_backlog(const struct call_stream *stream)
{
    const struct reader *reader = (const struct reader *)stream;

    return reader->takes || !reader->text ? 0 : strlen(reader->text);
}

static void
reader_end(struct call_stream *stream)
{
    ((struct reader *)stream)->ended = true;
}

static void
reader_cut(struct call_stream *stream)
{
    ((struct reader *)stream)->cut = true;
}

static struct call_stream *
start(struct call *call, const char *content_type)
{
    static const struct call_stream_carrier carrier = {reader_send, reader_backlog, reader_end,
                                                       reader_cut};
    struct reader *reader = call->carrier;

    assert_string_equal(content_type, "text/event-stream");
    reader->stream.carrier = &carrier;
    return &reader->stream;
}

static void
refuse(struct call *call, int status, const char *type, const char *body, size_t length)
{
    (void)type;
    (void)body;
    (void)length;
    ((struct reader *)call->carrier)->refused = status;
}

static struct reader *
open_reader(bool takes)
{
    struct call *call = call_new("GET", "/events", NULL, 0, NULL, NULL);
    struct reader *reader = &readers[reader_count++];

    reader->takes = takes;
    call->carrier = reader;
    call->send = refuse;
    call->stream = start;
    events_open(events, call);
    return reader;
}

/* What it received since the last call, as "id event, id event", and the data of the last one. */
static const char *
got(struct reader *reader, json_t **data)
{
    static char names[4096];
    size_t used = 0;

    names[0] = '\0';
    if (data)
        *data = NULL;
    for (char *at = reader->text; at && *at; at = strstr(at, "\n\n") + 2) {
        char name[32], *line = strstr(at, "\ndata: ");
        int id;

        if (sscanf(at, "id: %d\nevent: %31s\n", &id, name) != 2)
            fail_msg("no event: %s", at);
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%d %s", used ? ", " : "", id,
                                 name);
        if (data) {
            json_decref(*data);
            *data = json_loads(line + 7, JSON_DISABLE_EOF_CHECK, NULL);
            assert_non_null(*data);
        }
    }
    free(reader->text);
    reader->text = NULL;
    return names;
}

static void
set_up_workshop(int i, const char *slug)
{
    strcpy(workshops[i].slug, slug);
    strcpy(workshops[i].name, slug);
    workshops[i].erp_system = "file";
    children_there[i] = (struct child){.workshop = &workshops[i], .state = CHILD_STOPPED};
    children[i] = &children_there[i];
}

static int
set_up(void **state)
{
    (void)state;
    memset(readers, 0, sizeof readers);
    reader_count = 0;
    base = event_base_new();
    set_up_workshop(0, "anns");
    set_up_workshop(1, "bennys");
    config = (struct daemon_config){.workshops = configured, .workshop_count = 2};
    daemon_there = (struct daemon){
        .base = base, .config = &config, .children = children, .child_count = 2, .total = 2};
    events = events_new(&daemon_there);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    if (events)
        events_free(events);
    for (unsigned i = 0; i < reader_count; i++)
        free(readers[i].text);
    for (int i = 0; i < 2; i++) {
        json_decref(children_there[i].alive);
        free(children_there[i].view);
    }
    event_base_free(base);
    return 0;
}

static void
push(int i, const char *worker, int queue_length, int uptime_s)
{
    json_decref(children[i]->alive);
    free(children[i]->view);
    children[i]->view = NULL;
    children[i]->alive = json_pack("{ss si si}", "worker", worker, "queue_length", queue_length,
                                   "uptime_s", uptime_s);
    children[i]->state = CHILD_RUNNING;
    children[i]->pid = 1000;
    events_changed(events, children[i]);
}

static const char *
text_of(const json_t *data, const char *member)
{
    return json_string_value(json_object_get(data, member));
}

static void
a_reader_starts_with_a_snapshot(void **state)
{
    struct reader *one, *two;
    json_t *data;

    (void)state;
    push(1, "running", 3, 1); /* without readers nothing is stored and no id is used */
    one = open_reader(true);
    assert_string_equal(got(one, &data), "1 snapshot");
    assert_int_equal(json_array_size(json_object_get(data, "integrations")), 2);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(data, "summary"), "queue_length")), 3);
    json_decref(data);
    two = open_reader(true);
    assert_string_equal(got(two, NULL), "2 snapshot");
    assert_string_equal(got(one, NULL), "");
}

static void
states_are_sent_at_once(void **state)
{
    struct reader *one = open_reader(true);
    json_t *data;

    (void)state;
    push(0, "running", 0, 1);
    push(0, "running", 0, 2); /* only older ones */
    assert_string_equal(got(one, &data), "1 snapshot, 2 integration");
    assert_string_equal(text_of(data, "slug"), "anns");
    assert_string_equal(text_of(data, "process"), "running");
    json_decref(data);
    push(0, "parked", 0, 3);
    assert_string_equal(got(one, &data), "3 integration");
    assert_string_equal(text_of(data, "worker"), "parked");
    json_decref(data);
    strcpy(children[0]->last_error, "it broke");
    events_changed(events, children[0]);
    children[0]->restarts++;
    events_changed(events, children[0]);
    assert_string_equal(got(one, NULL), "4 integration, 5 integration");
}

/* Until all pending events are delivered. */
static void
wait_for_text(struct reader *reader)
{
    int64_t end = clock_monotonic_ms() + 30000;

    while (!reader->text && clock_monotonic_ms() < end)
        event_base_loop(base, EVLOOP_ONCE);
}

static void
figures_are_sent_together(void **state)
{
    struct reader *one = open_reader(true);
    json_t *data;

    (void)state;
    push(0, "running", 0, 1);
    push(1, "running", 0, 1);
    got(one, NULL);
    for (int i = 1; i <= 50; i++)
        push(0, "running", i, i);
    assert_string_equal(got(one, NULL), "");
    wait_for_text(one);
    assert_string_equal(got(one, &data), "4 integration");
    assert_int_equal(json_integer_value(json_object_get(data, "queue_length")), 50);
    json_decref(data);
    push(0, "running", 7, 1);
    push(0, "parked", 8, 1); /* sent at once, together with the pending figures */
    assert_string_equal(got(one, NULL), "5 integration");
    push(1, "running", 1, 1);
    wait_for_text(one);
    assert_string_equal(got(one, &data), "6 integration");
    assert_string_equal(text_of(data, "slug"), "bennys");
    json_decref(data);
}

static void
a_removal_is_sent(void **state)
{
    struct reader *one = open_reader(true);
    json_t *data;

    (void)state;
    daemon_there.child_count = config.workshop_count = 1; /* bennys is removed */
    events_changed(events, children[1]);
    events_reconfigured(events);
    assert_string_equal(got(one, &data), "1 snapshot, 2 removed");
    assert_string_equal(text_of(data, "slug"), "bennys");
    json_decref(data);
    events_changed(events, children[1]);
    assert_string_equal(got(one, NULL), "");
    daemon_there.child_count = config.workshop_count = 2;
    workshops[0].active = true;
    events_reconfigured(events);
    assert_string_equal(got(one, NULL), "3 integration, 4 integration"); /* changed, and back */
    workshops[0].active = false;
}

/* A reader that does not read is closed at the limit; the others continue. */
static void
a_slow_reader_is_cut_off(void **state)
{
    struct reader *slow = open_reader(false), *other = open_reader(true);
    size_t snapshot = strlen(slow->text);

    (void)state;
    for (int i = 0; !slow->cut && i < 100000; i++) {
        push(0, i % 2 ? "running" : "parked", 0, 1);
        free(other->text);
        other->text = NULL;
    }
    assert_true(slow->cut);
    assert_in_range(strlen(slow->text), EVENTS_BACKLOG_MAX, snapshot + EVENTS_BACKLOG_MAX + 4096);
    assert_false(other->cut);
    push(1, "running", 0, 1);
    assert_non_null(other->text);
}

/* The last reader may be closed while removals are sent. */
static void
the_last_reader_is_cut_off_during_a_send(void **state)
{
    struct reader *slow = open_reader(false);
    char *block = mem_alloc(EVENTS_BACKLOG_MAX + 2);

    (void)state;
    memset(block, 'x', EVENTS_BACKLOG_MAX + 1);
    reader_send(&slow->stream, block, EVENTS_BACKLOG_MAX + 1);
    free(block);
    daemon_there.child_count = config.workshop_count = 0;
    events_reconfigured(events);
    assert_true(slow->cut);
    assert_string_equal(got(open_reader(true), NULL), "3 snapshot");
}

static void
readers_are_counted(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EVENTS_READERS_MAX; i++)
        assert_int_equal(open_reader(true)->refused, 0);
    assert_int_equal(open_reader(true)->refused, 503);
    readers[0].stream.closed(readers[0].stream.arg); /* one disconnects */
    reader_count--;
    readers[reader_count].refused = 0;
    assert_int_equal(open_reader(true)->refused, 0);
}

static void
the_end_ends_all(void **state)
{
    struct reader *one = open_reader(true), *two = open_reader(false);

    (void)state;
    events_end(events);
    assert_true(one->ended && two->ended);
    assert_int_equal(open_reader(true)->refused, 503);
    events_free(events);
    events = NULL;
}

static void
each_change_has_its_weight(void **state)
{
    static const struct {
        const char *before, *now;
        enum event_change change;
    } cases[] = {
        {"{}", "{}", EVENT_NOTHING},
        {"{\"uptime_s\":1}", "{\"uptime_s\":2}", EVENT_NOTHING},
        {"{\"queue_length\":1}", "{\"queue_length\":1}", EVENT_NOTHING},
        {"{\"queue_length\":1}", "{\"queue_length\":2}", EVENT_FIGURES},
        {"{\"orders\":{\"error\":0}}", "{\"orders\":{\"error\":1}}", EVENT_FIGURES},
        {"{\"oldest_placed_age_s\":null}", "{\"oldest_placed_age_s\":0}", EVENT_FIGURES},
        {"{\"queue_length\":1,\"pid\":1}", "{\"queue_length\":2,\"pid\":2}", EVENT_STATE},
        {"{\"worker\":\"running\"}", "{\"worker\":\"parked\"}", EVENT_STATE},
        {"{\"worker\":\"running\"}", "{}", EVENT_STATE},
        {"{}", "{\"worker\":\"running\"}", EVENT_STATE},
        {"{\"uptime_s\":1}", "{}", EVENT_NOTHING},
        {"{\"active\":true}", "{\"active\":false}", EVENT_STATE},
    };

    (void)state;
    assert_int_equal(event_change(NULL, NULL), EVENT_STATE);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *before = json_loads(cases[i].before, 0, NULL);
        json_t *now = json_loads(cases[i].now, 0, NULL);

        assert_int_equal(event_change(before, now), cases[i].change);
        json_decref(before);
        json_decref(now);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(a_reader_starts_with_a_snapshot),
                                       TEST(states_are_sent_at_once),
                                       TEST(figures_are_sent_together),
                                       TEST(a_removal_is_sent),
                                       TEST(a_slow_reader_is_cut_off),
                                       TEST(the_last_reader_is_cut_off_during_a_send),
                                       TEST(readers_are_counted),
                                       TEST(the_end_ends_all),
                                       cmocka_unit_test(each_change_has_its_weight)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
