/* Browsers: capabilities, lifetime, and the note that a later process needs to close one. */
#include "erp-drivers/webdriver/browser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/host_pattern.h"
#include "common/ipc/browser_kill.h"
#include "erp-drivers/webdriver/wire.h"

#define TIMEOUT_S 45
#define SCRIPT_MS 20000

struct browser *
browser_new(const json_t *erp)
{
    struct browser *b = mem_alloc(sizeof *b);
    const char *url = json_string_value(json_object_get(erp, "$webdriver_url"));

    b->recipe = json_object_get(erp, "$recipe");
    b->options = json_object_get(erp, "options");
    b->setup = json_object_get(erp, "browser");
    b->mark = json_string_value(json_object_get(erp, "$browser_mark"));
    b->url = mem_string(url ? url : "");
    b->erp_url = json_string_value(json_object_get(erp, "url"));
    b->proxy = json_string_value(json_object_get(erp, "$proxy"));
    b->timeout_ms = 1000 * (unsigned)recipe_number(erp, "timeout_s", TIMEOUT_S);
    return b;
}

void
browser_free(void *session)
{
    struct browser *b = session;

    browser_forget(b);
    free(b->url);
    free(b);
}

void
browser_forget(struct browser *b)
{
    free(b->id);
    free(b->main_window);
    free(b->note);
    b->id = b->main_window = b->note = NULL;
    b->starting = b->logged_in = b->dirty = b->useless = false;
    b->orders = 0;
}

static void
set_note(struct browser *b)
{
    json_t *note = json_pack("{s:s s:s*}", "url", b->url, "id", b->id);

    b->note = json_dumps(note, JSON_COMPACT);
    json_decref(note);
}

void
browser_starting(struct browser *b)
{
    browser_forget(b);
    b->starting = true;
    set_note(b);
}

void
browser_opened(struct browser *b, const char *id, int64_t now_ms)
{
    browser_forget(b);
    b->id = mem_string(id);
    b->opened_ms = now_ms;
    set_note(b);
}

bool
browser_may_run(const struct browser *b)
{
    return b->id || b->starting;
}

bool
browser_is_due(const struct browser *b, int64_t now_ms)
{
    const json_t *limits = json_object_get(b->recipe, "browser");

    return b->orders >= recipe_number(limits, "recycle_after_orders", RECIPE_RECYCLE_ORDERS) ||
           now_ms - b->opened_ms >=
               1000 * recipe_number(limits, "recycle_after_s", RECIPE_RECYCLE_S);
}

const char *
browser_note(void *session)
{
    return ((const struct browser *)session)->note;
}

void
browser_adopt(void *session, const char *note)
{
    struct browser *b = session;
    json_t *document = json_loads(note, 0, NULL);
    const char *url = json_string_value(json_object_get(document, "url"));
    const char *id = wire_id(json_object_get(document, "id"));

    if (url) {
        free(b->url);
        b->url = mem_string(url); /* the configuration may name another driver by now */
        if (id)
            browser_opened(b, id, 0);
        else
            browser_starting(b);
        b->useless = true; /* its address is unknown */
    }
    json_decref(document);
}

/* --- capabilities --- */

/* Takes over text. */
static void
add(json_t *list, char *text)
{
    json_array_append_new(list, json_string(text));
    free(text);
}

static int
pixels(const json_t *limits, size_t index, int fallback)
{
    const json_t *value = json_array_get(json_object_get(limits, "window"), index);

    return json_is_integer(value) ? (int)json_integer_value(value) : fallback;
}

static bool
is_headless(const struct browser *b)
{
    return !json_is_false(json_object_get(b->setup, "headless"));
}

/* Identifies its processes when its driver does not answer. */
static void
add_mark(json_t *list, const struct browser *b)
{
    if (b->mark)
        add(list, mem_format(BROWSER_MARK_SWITCH "%s", b->mark));
}

/* Every connection goes through the proxy, also those to this machine, and so do DNS look-ups. With
 * HTTP/2 a browser could repeat requests inside one connection, where the proxy cannot see it. */
static void
add_proxy(json_t *list, const struct browser *b)
{
    static const char *const fixed[] = {
        "--proxy-bypass-list=<-loopback>", "--disable-http2",
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
        /* Connections of its own, which the proxy would refuse. */
        "--disable-features=NetworkTimeServiceQuerying,OptimizationHints",
        "--component-updater=url-source=http://127.0.0.1:1", "--gaia-url=http://127.0.0.1:1"};

    if (!b->proxy)
        return;
    add(list, mem_format("--proxy-server=socks5://%s", b->proxy));
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        add(list, mem_string(fixed[i]));
}

/* The recipe's arguments, then the workshop's. */
static void
add_arguments(json_t *list, const struct browser *b)
{
    json_array_extend(list, json_object_get(json_object_get(b->recipe, "browser"), "arguments"));
    json_array_extend(list, json_object_get(b->setup, "arguments"));
}

/* The workshop's preferences; ours override them. Takes over ours. */
static json_t *
preferences(const struct browser *b, json_t *ours)
{
    json_t *all = json_object();

    json_object_update(all, json_object_get(b->setup, "preferences"));
    json_object_update(all, ours);
    json_decref(ours);
    return all;
}

static void
set_binary(json_t *options, const struct browser *b)
{
    json_t *binary = json_object_get(b->setup, "binary");

    if (binary)
        json_object_set(options, "binary", binary);
}

/* The pipe makes Chromium exit when its driver is killed. It must save neither passwords nor form
 * data: its autofill also makes each form slower than the one before. */
static json_t *
chrome_options(const struct browser *b)
{
    static const char *const fixed[] = {"--remote-debugging-pipe",
                                        "--disable-gpu",
                                        "--disable-quic",
                                        "--no-first-run",
                                        "--disable-sync",
                                        "--disable-background-networking",
                                        "--disable-component-update"};
    const json_t *limits = json_object_get(b->recipe, "browser");
    const char *language = json_string_value(json_object_get(limits, "language"));
    json_t *args = json_array(), *options, *prefs;

    language = language ? language : "en";
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        add(args, mem_string(fixed[i]));
    add_mark(args, b);
    add_proxy(args, b);
    if (is_headless(b))
        add(args, mem_string("--headless=new"));
    add(args, mem_format("--window-size=%d,%d", pixels(limits, 0, 1280), pixels(limits, 1, 1000)));
    add(args, mem_format("--lang=%s", language));
    add_arguments(args, b);
    prefs = json_pack("{s:s s:b s:b s:b s:b s:i}", "intl.accept_languages", language,
                      "credentials_enable_service", 0, "profile.password_manager_enabled", 0,
                      "autofill.profile_enabled", 0, "autofill.credit_card_enabled", 0,
                      "net.network_prediction_options", 2);
    options = json_pack("{s:o s:o}", "args", args, "prefs", preferences(b, prefs));
    set_binary(options, b);
    return options;
}

/* Names used by older and newer versions. Without allow_bypass and failover_direct it connects
 * directly if the proxy refuses. The last six disable requests of its own: those that the proxy
 * would refuse, and one for an icon that is aborted when the page changes, which would shut the
 * gate. */
static const char firefox_proxy_prefs[] =
    "{\"network.proxy.type\": 1, \"network.proxy.socks_version\": 5,"
    " \"network.proxy.socks_remote_dns\": true, \"network.proxy.socks5_remote_dns\": true,"
    " \"network.proxy.no_proxies_on\": \"\", \"network.proxy.allow_hijacking_localhost\": true,"
    " \"network.proxy.allow_bypass\": false, \"network.proxy.failover_direct\": false,"
    " \"network.http.http3.enable\": false, \"network.http.http3.enabled\": false,"
    " \"network.http.spdy.enabled.http2\": false, \"network.http.http2.enabled\": false,"
    " \"network.http.speculative-parallel-limit\": 0, \"network.prefetch-next\": false,"
    " \"network.dns.disablePrefetch\": true, \"network.predictor.enabled\": false,"
    " \"media.peerconnection.enabled\": false,"
    " \"network.captive-portal-service.enabled\": false,"
    " \"network.connectivity-service.enabled\": false, \"media.gmp-provider.enabled\": false,"
    " \"media.gmp-manager.updateEnabled\": false,"
    " \"services.settings.server\": \"data:,#remote-settings-dummy/v1\","
    " \"browser.chrome.site_icons\": false}";

static void
set_firefox_proxy(json_t *prefs, const struct browser *b)
{
    struct host_pattern proxy;

    if (!b->proxy || !host_pattern_parse(b->proxy, &proxy))
        return;
    json_object_update_new(prefs, json_loads(firefox_proxy_prefs, 0, NULL));
    json_object_set_new(prefs, "network.proxy.socks", json_string(proxy.host));
    json_object_set_new(prefs, "network.proxy.socks_port", json_integer(proxy.port));
}

static json_t *
firefox_options(const struct browser *b)
{
    const json_t *limits = json_object_get(b->recipe, "browser");
    const char *language = json_string_value(json_object_get(limits, "language"));
    json_t *args = json_array(), *options, *prefs;

    if (is_headless(b))
        add(args, mem_string("-headless"));
    add(args, mem_format("-width=%d", pixels(limits, 0, 1280)));
    add(args, mem_format("-height=%d", pixels(limits, 1, 1000)));
    add_mark(args, b);
    add_arguments(args, b);
    prefs = json_pack("{s:s s:b}", "intl.accept_languages", language ? language : "en",
                      "signon.rememberSignons", 0);
    set_firefox_proxy(prefs, b);
    /* The variable enables the preference services.settings.server. */
    options = json_pack("{s:o s:o s:{s:s}}", "args", args, "prefs", preferences(b, prefs), "env",
                        "MOZ_REMOTE_SETTINGS_DEVTOOLS", "1");
    set_binary(options, b);
    return options;
}

json_t *
browser_capabilities(const struct browser *b)
{
    const json_t *limits = json_object_get(b->recipe, "browser");
    const char *name = json_string_value(json_object_get(b->setup, "name"));
    bool firefox = name && strcmp(name, "firefox") == 0;

    return json_pack("{s:{s:{s:s s:s s:s s:{s:i s:I s:i} s:o}}}", "capabilities", "alwaysMatch",
                     "browserName", name ? name : "chrome", "pageLoadStrategy", "normal",
                     "unhandledPromptBehavior", "ignore", "timeouts", "implicit", 0, "pageLoad",
                     (json_int_t)1000 * recipe_number(limits, "page_load_s", RECIPE_PAGE_LOAD_S),
                     "script", SCRIPT_MS, firefox ? "moz:firefoxOptions" : "goog:chromeOptions",
                     firefox ? firefox_options(b) : chrome_options(b));
}
