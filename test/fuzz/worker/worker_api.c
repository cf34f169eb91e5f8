/* A workshop's port: requests through the real server, routes and handlers, to a queue with an
 * order in each state. The first byte selects the configuration and whether the caller is trusted.
 */
#include <dirent.h>

#include "common/base/clock.h"
#include "common/base/loop.h"
#include "common/config/config.h"
#include "test/fuzz/front.h"
#include "worker/api/api.h"

#define MAP_MIB 16

static const struct http_limits limits = {.connections = 10,
                                          .connections_per_peer = 10,
                                          .target_bytes = 1024,
                                          .header_bytes = 2048,
                                          .header_count = 16,
                                          .body_bytes = 4096,
                                          .queued_bytes = 1 << 20,
                                          .head_ms = 60000,
                                          .body_ms = 60000,
                                          .idle_ms = 60000,
                                          .reply_ms = 60000};
static const unsigned char key[SECRET_KEY_BYTES] = {7};
static const struct credentials none;
static struct event_base *base;
static struct workshop_config *open_port, *with_tokens;
static struct http_server *server;
static struct queue *queue;
static struct delivery *delivery;
static struct api *api;
static bool trusted;
static unsigned orders, kills;

static void
on_call(struct call *call, void *arg)
{
    (void)arg;
    call->trusted = trusted;
    api_handle(call, api);
}

static void
on_changed(void *arg)
{
    (void)arg;
}

static void
on_kill(void *arg)
{
    (void)arg;
    kills++;
}

static struct workshop_config *
configuration(const char *more)
{
    struct json_faults faults = {NULL, 0};
    char *text = mem_format("{\"workshop\":\"W\",\"listen\":\"127.0.0.1:8101\",\"hosts\":[\"h\"],"
                            "\"erp\":{\"system\":\"file\",\"folder\":\"/srv\"}%s}",
                            more);
    json_t *document = json_loads(text, 0, NULL);
    struct workshop_config *w = workshop_config_new("w", document, NULL, "w.json", &faults);

    REQUIRE(w);
    json_decref(document);
    free(text);
    return w;
}

static void
put(const char *uniqueid, enum order_status status)
{
    struct order order = {.status = ORDER_PLACED, .product_nr = "10", .product_amount = "5"};
    struct queue_put put = {.order = &order, .credentials = &none};
    struct queue_task task;
    struct err err;

    text_copy(order.uniqueid, sizeof order.uniqueid, uniqueid);
    text_copy(order.worksheet, sizeof order.worksheet, uniqueid);
    queue_put(queue, &put, 1);
    REQUIRE(put.answer == QUEUE_PLACED);
    if (status == ORDER_PLACED)
        return;
    REQUIRE(queue_take(queue, INT64_MAX, &task, 1, &err) == 1);
    task.order.status = status;
    if (status == ORDER_ERROR)
        strcpy(task.order.reason_code, "erp_rejected");
    REQUIRE(status == ORDER_PROCESSING ||
            queue_finish(queue, &task.order, &(struct queue_end){.duration_ms = 1}, &err) == 0);
}

static void
empty_folder(void)
{
    DIR *folder = opendir(fuzz_folder());
    struct dirent *entry;

    while ((entry = readdir(folder)))
        unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
}

static void
close_queue(void)
{
    api_free(api);
    delivery_free(delivery);
    queue_close(queue);
    queue = NULL;
}

static void
open_queue(void)
{
    struct err err;

    empty_folder();
    queue = queue_open(fuzz_folder(), MAP_MIB, &(struct queue_keys){key, NULL}, &err);
    REQUIRE(queue);
    put("created", ORDER_CREATED);
    put("error", ORDER_ERROR);
    put("processing", ORDER_PROCESSING);
    put("placed", ORDER_PLACED);
    orders = queue_count(queue, (enum order_status)0);
}

static void
open_api(const struct workshop_config *workshop)
{
    delivery =
        delivery_new(&(struct delivery_setup){.base = base,
                                              .storage_pause_ms = DELIVERY_STORAGE_PAUSE_MS,
                                              .queue = queue,
                                              .workshop = workshop,
                                              .erp = json_object_get(workshop->document, "erp"),
                                              .driver = erp_driver_find("file"),
                                              .credentials = &none,
                                              .closing_ms = DELIVERY_CLOSING_MS,
                                              .changed = on_changed});
    api = api_new(&(struct api_setup){.base = base,
                                      .queue = queue,
                                      .delivery = delivery,
                                      .workshop = workshop,
                                      .changed = on_changed,
                                      .kill = on_kill,
                                      .killed = on_kill});
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    secret_start();
    base = loop_new();
    open_port = configuration("");
    with_tokens =
        configuration(",\"api_tokens\":[{\"scope\":\"order\",\"name\":\"a\",\"hash\":"
                      "\"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\"}]");
    server = http_server_new(base, socket(AF_UNIX, SOCK_STREAM, 0), true, &limits, on_call, NULL);
    http_server_stop_accepting(server);
    return 0;
}

/* Changes apply to this input only. */
static bool
is_as_made(void)
{
    return queue && queue_count(queue, (enum order_status)0) == orders &&
           queue_count(queue, ORDER_PLACED) == 1 && queue_count(queue, ORDER_ERROR) == 1 &&
           queue_count(queue, ORDER_CREATED) == 1 && queue_count(queue, ORDER_PROCESSING) == 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned choice = take_choice(&data, &size);

    fuzz_begin();
    if (!is_as_made())
        open_queue();
    open_api(choice & 2 ? with_tokens : open_port);
    trusted = choice & 1;
    front_exchange(server, base, data, size);
    if (!is_as_made()) {
        close_queue();
        return 0;
    }
    api_free(api);
    delivery_free(delivery);
    return 0;
}
