/* The control socket: requests through the real server, routes and handlers of a daemon with two
 * workshops. The folders do not exist, so nothing is written and no process starts. */
#include <sys/stat.h>

#include "common/base/clock.h"
#include "common/base/loop.h"
#include "supervisor/control/control.h"
#include "supervisor/control/internal.h"
#include "test/fuzz/front.h"

static struct event_base *base;
static struct daemon *daemon_;
static struct control *control;

static int
no_spawn(const char *path, const struct spawn_sockets *sockets, struct spawned *spawned,
         struct err *err)
{
    (void)path;
    (void)sockets;
    (void)spawned;
    return err_set(err, "spawn_failed", "no process");
}

static void
write_workshop(const char *slug, const char *more)
{
    char *path = mem_format("%s/workshops.d/%s.json", fuzz_folder(), slug),
         *text = mem_format("{\"workshop\":\"%s\",\"listen\":\"127.0.0.1:%d\",%s}", slug,
                            8100 + (int)strlen(slug), more);

    fuzz_write(path, text, strlen(text));
    free(text);
    free(path);
}

static struct daemon_config *
configuration(const char *path)
{
    struct json_faults faults = {NULL, 0};
    char *folder = mem_format("%s/workshops.d", fuzz_folder()), *text;
    struct daemon_config *config;

    REQUIRE(mkdir(folder, 0700) == 0);
    text = mem_format("{\"control_socket\":\"%s/s\",\"state_dir\":\"%s/gone\",\"workshops_dir\":"
                      "\"%s\",\"key_file\":\"%s/gone/key\",\"sandbox\":\"off\"}",
                      fuzz_folder(), fuzz_folder(), folder, fuzz_folder());
    fuzz_write(path, text, strlen(text));
    write_workshop("a", "\"erp\":{\"system\":\"file\",\"folder\":\"/srv/a\"}");
    write_workshop("bennys", "\"active\":false,\"erp\":{\"system\":\"tryton\",\"url\":\"http://"
                             "127.0.0.1:9/d/\"},\"credentials\":{\"username\":\"u\",\"password\":"
                             "\"secret-7351\"},\"api_tokens\":[{\"scope\":\"order\",\"name\":\"n\","
                             "\"hash\":\"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e7304336293"
                             "8b9824\"}]");
    config = config_load(path, &faults);
    for (size_t i = 0; i < faults.count; i++)
        fprintf(stderr, "%s %s\n", faults.items[i].pointer, faults.items[i].text);
    REQUIRE(config);
    free(text);
    text = mem_format("rm -r %s", folder);
    REQUIRE(system(text) == 0);
    free(text);
    free(folder);
    return config;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static char *path;
    struct master_keys keys = {.key = NULL};
    struct err err;

    (void)argc;
    (void)argv;
    secret_start();
    base = loop_new();
    path = mem_format("%s/pumpline.json", fuzz_folder());
    keys.key = secret_alloc(SECRET_KEY_BYTES);
    memset(keys.key, 7, SECRET_KEY_BYTES);
    daemon_ = daemon_new(base, configuration(path), path, &keys, "/nowhere/worker");
    daemon_->host.spawn = no_spawn;
    control = control_open(daemon_, &err);
    REQUIRE(control);
    front_secret = "secret-7351";
    http_server_stop_accepting(control->server);
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_begin();
    front_exchange(control->server, base, data, size);
    REQUIRE(daemon_->child_count == 2 && !daemon_->stopping);
    return 0;
}
