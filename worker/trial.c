/* One attempt in slow motion. */
#include "worker/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/config.h"
#include "common/key_file.h"
#include "common/recipe.h"
#include "common/secret.h"
#include "common/sweep.h"
#include "erp-drivers/webdriver.h"
#include "worker/ca_file.h"
#include "worker/guard.h"
#include "worker/http.h"

#define WHERE_BYTES 256

struct trial {
    struct event_base *base;
    json_t *wish; /* as read */
    struct daemon_config *config;
    struct workshop_config *workshop;
    json_t *erp;
    struct credentials credentials;
    struct order order;
    const struct erp_driver *driver;
    struct http *http;
    void *session;
    char mark[SWEEP_MARK_BYTES]; /* of its browser: never the workshop's, which works */
    char where[WHERE_BYTES];     /* the step that is under way */
    int64_t began_ms;            /* monotonic */
    unsigned steps;
    /* The reply under way. */
    struct erp_reply reply;
    char *body;
};

static const char *
wish_text(const struct trial *t, const char *name)
{
    const char *text = json_string_value(json_object_get(t->wish, name));

    return text ? text : "";
}

static int
refuse(int status, const char *words)
{
    fprintf(stderr, "%s\n", words);
    return status;
}

static int
refuse_faults(struct config_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        fprintf(stderr, "%s: %s%s%s\n", faults->items[i].file, faults->items[i].pointer,
                *faults->items[i].pointer ? ": " : "", faults->items[i].text);
    config_faults_clear(faults);
    return EX_CONFIG;
}

/* --- what is tried --- */

static int
load_credentials(struct trial *t)
{
    unsigned char *key = secret_alloc(SECRET_KEY_BYTES);
    struct master_keys keys;
    struct err err;
    int status = 0;

    if (*wish_text(t, "username")) {
        t->credentials.username = secret_string(wish_text(t, "username"));
        t->credentials.password = secret_string(wish_text(t, "password"));
    } else if (key_file_load(t->config->key_file, false, &keys, &err)) {
        status = refuse(EX_NOPERM, err.text);
    } else {
        secret_workshop_key(keys.key, t->workshop->slug, key);
        if (config_credentials(t->workshop, key, &t->credentials, &err))
            status = refuse(EX_NOPERM, err.text);
        else if (!t->credentials.username)
            status = refuse(EX_CONFIG, "the workshop has no credentials: give a user");
        master_keys_clear(&keys);
    }
    secret_free(key);
    return status;
}

static int
load_order(struct trial *t)
{
    json_t *order = json_object_get(t->wish, "order");
    struct order_faults faults = {.code = ""};
    struct credentials none = {NULL, NULL};
    char *text;
    int status = 0;

    json_object_set_new(order, "workshop", json_string(t->workshop->name));
    text = json_dumps(order, JSON_REAL_PRECISION(15));
    if (!text ||
        order_parse(text, strlen(text), t->workshop->name, false, &t->order, &none, &faults)) {
        fprintf(stderr, "the order: %s\n", faults.detail);
        status = EX_DATAERR;
    }
    credentials_clear(&none);
    order_faults_clear(&faults);
    free(text);
    return status;
}

/* The workshop's erp object with the recipe that is tried. */
static int
load_recipe(struct trial *t)
{
    const json_t *configured = json_object_get(t->workshop->document, "erp");
    struct config_faults faults = {NULL, 0};
    json_t *recipe = recipe_read(wish_text(t, "recipe"), &faults), *browser;

    if (recipe)
        recipe_check_options(recipe, json_object_get(configured, "options"), t->workshop->slug,
                             "/erp", &faults);
    t->erp = json_deep_copy(configured);
    json_object_set_new(t->erp, "$recipe", recipe ? recipe : json_null());
    json_object_set_new(t->erp, "$webdriver_url", json_string(t->config->webdriver_url));
    json_object_set_new(t->erp, "$slug", json_string(t->workshop->slug));
    json_object_set_new(t->erp, "$browser_mark", json_string(t->mark));
    if (json_is_true(json_object_get(t->wish, "show"))) {
        browser = json_object_get(t->erp, "browser");
        if (!browser)
            json_object_set_new(t->erp, "browser", browser = json_object());
        json_object_set_new(browser, "headless", json_false());
    }
    return faults.count ? refuse_faults(&faults) : 0;
}

static int
load(struct trial *t)
{
    struct config_faults faults = {NULL, 0};
    int status;

    t->wish = json_loadf(stdin, 0, NULL);
    t->config = config_load(wish_text(t, "config"), &faults);
    if (!t->config)
        return refuse_faults(&faults);
    t->workshop = config_find(t->config, wish_text(t, "workshop"));
    if (!t->workshop || strcmp(t->workshop->erp_system, "webdriver"))
        return refuse(EX_CONFIG, "there is no such workshop with erp.system webdriver");
    status = load_recipe(t);
    status = status ? status : load_order(t);
    return status ? status : load_credentials(t);
}

/* --- requests, one after the other --- */

static void
on_reply(const struct erp_reply *reply, void *arg)
{
    struct trial *t = arg;

    t->reply = *reply;
    free(t->body);
    t->body = mem_alloc(reply->body_length + 1);
    if (reply->body)
        memcpy(t->body, reply->body, reply->body_length);
    t->reply.body = t->body;
    t->reply.error = reply->error ? "no whole reply came" : NULL;
    event_base_loopbreak(t->base);
}

static void
perform(struct trial *t, const struct erp_request *request)
{
    struct timespec delay = {request->delay_ms / 1000, request->delay_ms % 1000 * 1000000L};

    nanosleep(&delay, NULL);
    if (request->kind == ERP_SWEEP) {
        t->reply = (struct erp_reply){
            .sent = true, .complete = true, .status = 200, .ended = sweep_browsers(t->mark)};
        return;
    }
    http_send(t->http, request, on_reply, t);
    event_base_dispatch(t->base);
}

/* --- pictures --- */

/* "03-create-2-click.png" */
static char *
file_name(const struct trial *t, const char *kind)
{
    char *name = mem_format("%s/%02u-%.80s.%s", wish_text(t, "folder"), t->steps, t->where, kind);

    for (char *p = name + strlen(wish_text(t, "folder")) + 1; *p; p++)
        if (*p != '.' && (*p < '0' || *p > '9') && (*p < 'a' || *p > 'z') && (*p < 'A' || *p > 'Z'))
            *p = '-';
    return name;
}

static void
save(const struct trial *t, const char *kind, const char *bytes, size_t length)
{
    char *name = file_name(t, kind);
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0 || write(fd, bytes, length) != (ssize_t)length)
        fprintf(stderr, "%s: %s\n", name, strerror(errno));
    if (fd >= 0)
        close(fd);
    free(name);
}

static void
take_picture(struct trial *t)
{
    struct erp_request request = {.method = NULL};
    size_t length;
    char *bytes;

    if (!webdriver_picture(t->session, &request))
        return;
    perform(t, &request);
    bytes = webdriver_picture_take(&t->reply, &length);
    if (bytes)
        save(t, "png", bytes, length);
    free(bytes);
    erp_request_clear(&request);
}

/* --- the attempt --- */

/* The step under way is through: its time, its picture, and the next one. */
static void
next_step(struct trial *t, const char *where)
{
    int64_t now_ms = clock_monotonic_ms();

    if (strcmp(t->where, where) == 0)
        return;
    if (*t->where) {
        printf("%7.2f s  %s\n", (double)(now_ms - t->began_ms) / 1000, t->where);
        fflush(stdout);
        take_picture(t);
        t->steps++;
    }
    text_copy(t->where, sizeof t->where, where);
    t->began_ms = clock_monotonic_ms();
}

/* Whether a request goes further than was wished. */
static bool
is_too_far(const struct trial *t, const struct erp_request *request)
{
    const char *until = wish_text(t, "until");

    if (request->commits)
        return strcmp(until, "commit") && strcmp(until, "end");
    return strcmp(until, "commit") == 0 && strcmp(request->what, "read-back") == 0;
}

static int
say_end(struct trial *t, enum erp_verdict verdict, const struct erp_outcome *outcome)
{
    static const char *const words[] = {[ERP_CREATED] = "created",
                                        [ERP_RETRY] = "would be tried again",
                                        [ERP_REJECT] = "refused",
                                        [ERP_PARK] = "the worker would park"};
    const char *code = outcome->reason_code ? outcome->reason_code : "";

    printf("%s%s%s%s%s%s%s\n", words[verdict], *code ? ", " : "", code,
           *outcome->reason_text ? ": " : "", outcome->reason_text,
           *outcome->reference ? ", reference " : "", outcome->reference);
    for (size_t i = 0; i < outcome->evidence_count; i++)
        save(t, outcome->evidence[i].kind, outcome->evidence[i].bytes, outcome->evidence[i].length);
    return verdict == ERP_CREATED ? 0 : 1;
}

/* order NULL: closes the browser. */
static int
attempt(struct trial *t, const struct order *order)
{
    struct erp_job job = {
        .workshop = t->workshop->name, .order = order, .auth = order ? &t->credentials : NULL};
    struct erp_outcome outcome = {.reason_code = ""};
    const struct erp_reply *taken = NULL;
    enum erp_verdict verdict;
    char where[WHERE_BYTES];
    int status = 0;

    for (;; taken = &t->reply) {
        erp_request_clear(&job.request);
        job.now_ms = clock_monotonic_ms();
        verdict = t->driver->step(t->session, &job, taken, &outcome);
        if (verdict != ERP_SEND)
            break;
        webdriver_where(&job, where, sizeof where);
        next_step(t, where);
        if (order && is_too_far(t, &job.request)) {
            printf("stopped before %s\n", where);
            break;
        }
        perform(t, &job.request);
    }
    if (order && verdict != ERP_SEND) {
        next_step(t, "");
        status = say_end(t, verdict, &outcome);
    }
    t->driver->job_free(t->session, &job);
    erp_request_clear(&job.request);
    erp_outcome_clear(&outcome);
    return status;
}

/* Whoever has a browser on the screen wants to look at it. */
static void
wait_for_person(const struct trial *t)
{
    FILE *terminal = json_is_true(json_object_get(t->wish, "show")) ? fopen("/dev/tty", "r") : NULL;

    if (!terminal)
        return;
    printf("Enter closes the browser\n");
    while (getc(terminal) != '\n' && !feof(terminal))
        ;
    fclose(terminal);
}

static int
run(struct trial *t, int guard)
{
    const char *ca_file = json_string_value(json_object_get(t->erp, "ca_file"));
    const char *folder = wish_text(t, "folder");
    char *ca = NULL;
    struct err err;
    int status;

    if (mkdir(folder, 0700) && errno != EEXIST) {
        fprintf(stderr, "%s: %s\n", folder, strerror(errno));
        return EX_CANTCREAT;
    }
    t->driver = erp_driver_find("webdriver");
    if (ca_file && ca_file_read(ca_file, &ca, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return EX_CONFIG;
    }
    t->http = http_new(t->base, ca_file, ca);
    t->session = t->driver->session_new(t->erp);
    status = attempt(t, &t->order);
    wait_for_person(t);
    *t->where = '\0';
    attempt(t, NULL);
    if (!t->driver->session_note(t->session))
        guard_dismiss(guard);
    t->driver->session_free(t->session);
    http_free(t->http);
    free(ca);
    printf("pictures are in %s\n", folder);
    return status;
}

int
trial_run(struct event_base *base)
{
    struct trial t = {.base = base};
    int guard, status;

    sweep_mark_new(t.mark);
    guard = guard_start(t.mark);
    status = load(&t);
    if (status)
        guard_dismiss(guard);
    else
        status = run(&t, guard);
    credentials_clear(&t.credentials);
    json_decref(t.erp);
    json_decref(t.wish);
    config_free(t.config);
    free(t.body);
    return status;
}
