/* Configuration: pumpline.json and workshops.d/SLUG.json, read, checked, and cut into each
 * workshop's slice.
 *
 * Owns every member's name, type, limit and default (see also erp.c for `erp`). All faults are
 * reported at once, each with its file and JSON pointer (RFC 6901). Does not know the ERPs'
 * protocols. */
#ifndef COMMON_CONFIG_CONFIG_H
#define COMMON_CONFIG_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/http/limits.h"
#include "common/json/faults.h"
#include "common/json/members.h"
#include "common/order/order.h"
#include "common/order/rules.h"

#define CONFIG_SLUG_MAX 64
#define CONFIG_TOKENS_MAX 1000
#define CONFIG_CALLBACK_SECRET_MAX 512
#define CONFIG_PRODUCTS_MAX 10000

struct retry_policy {
    int64_t first_ms, max_ms, give_up_after_ms;
};

/* How long an order waits for its worksheet; 0: not at all. */
struct hold_policy {
    int64_t not_found_ms, closed_ms;
};

/* One workshop. Immutable once loaded. A faulty one contains what could be read, and always a slug,
 * a name and an object as its document: it is never started. */
struct workshop_config {
    char slug[CONFIG_SLUG_MAX + 1];
    char name[ORDER_VALUE_MAX + 1];
    bool active;
    char host[256]; /* numeric IPv4, or IPv6 without brackets */
    uint16_t port;
    bool allow_unauthenticated;
    struct retry_policy retry;
    struct hold_policy hold;
    struct order_rules rules; /* in document */
    unsigned retention_days;
    unsigned reconcile_per_minute; /* orders that a reconciliation looks up */
    unsigned max_in_flight;        /* 0: the driver's default */
    unsigned stop_timeout_s; /* how long a graceful stop waits for the current order; default 30 */
    unsigned queue_max_mib;  /* size of the queue's map; default 1024 */
    struct http_limits http; /* of its HTTP port */
    const char *user;        /* in document; NULL: one of the daemon's range */
    const char *erp_system;  /* in document; NULL: unknown, because of faults */
    char *target;            /* where its lines are written to, see config_erp_target; owned */
    bool has_credentials;
    const char *callback_url; /* in document; NULL: outcomes of orders are not reported */
    int64_t callback_give_up_ms;
    json_t *document; /* the checked file, owned; "password" is plain or sealed */
    json_t *recipe;   /* the checked recipe of erp.recipe, owned; NULL: the system needs none */
    struct json_faults faults; /* owned */
};

struct daemon_config {
    char control_socket[JSON_PATH_MAX];
    char control_group[64]; /* empty: none */
    char state_dir[JSON_PATH_MAX];
    char workshops_dir[JSON_PATH_MAX];
    char log_dir[JSON_PATH_MAX]; /* empty: no log files */
    char key_file[JSON_PATH_MAX];
    char sandbox[16]; /* required, best-effort, off */
    /* Users for workshops that name none, if the daemon runs as root. */
    uint32_t uid_first, uid_count;
    json_t *allowed_users; /* further names that a workshop's `user` may have; NULL: none; owned */
    char webdriver_url[JSON_PATH_MAX];
    bool webdriver_shared; /* webdriver_url is in the file */
    char recipes_dir[JSON_PATH_MAX];
    struct http_limits http;            /* of the control socket */
    struct workshop_config **workshops; /* by slug */
    size_t workshop_count;
};

/* Reads path and its workshops_dir (a relative path is relative to path's folder). NULL with
 * *faults if anything is wrong; nothing is loaded partially. */
struct daemon_config *config_load(const char *path, struct json_faults *faults);

/* The same, but faulty workshops are loaded with their faults: NULL with *faults only if path
 * itself is faulty or the folder cannot be read. Two workshops that conflict both get the fault. */
struct daemon_config *config_load_each(const char *path, struct json_faults *faults);
void config_free(struct daemon_config *config);

/* Only the paths that pumpline.json names, even if the rest of it is faulty. -1 with *err. */
int config_paths(const char *path, struct daemon_config *config, struct err *err);

/* Checks one workshop document (borrowed) for file SLUG.json; a recipe's name is looked up in
 * recipes_dir first (NULL: only among the shipped ones). NULL with *faults if it is faulty. */
struct workshop_config *workshop_config_new(const char *slug, const json_t *document,
                                            const char *recipes_dir, const char *file,
                                            struct json_faults *faults);
void workshop_config_free(struct workshop_config *workshop);

/* The same with the recipe that came with it in a slice: no file is read. */
struct workshop_config *workshop_config_of_slice(const json_t *slice, struct json_faults *faults);

/* The same workshop with another valid document (borrowed) that has the same `erp`: the loaded
 * recipe is reused, even if its file has changed. */
struct workshop_config *workshop_config_again(const struct workshop_config *workshop,
                                              const json_t *document);

/* A copy. */
struct workshop_config *workshop_config_copy(const struct workshop_config *workshop);

/* By name or slug; NULL if there is none. */
struct workshop_config *config_find(const struct daemon_config *config, const char *name_or_slug);

/* The document without secrets, for replies: a password and the callback's secret become {"sealed":
 * true}, a token keeps only scope and name. null if there are faults: a secret may then be anywhere
 * in it. */
json_t *workshop_config_public(const struct workshop_config *workshop);

/* The URL of this workshop's WebDriver server: erp.webdriver_url, or else the daemon's. */
const char *config_webdriver_url(const struct daemon_config *config,
                                 const struct workshop_config *workshop);

/* Whether Pumpline can run a WebDriver server for this workshop alone: neither another server nor a
 * way from it to the proxy is configured, and its browser is Chromium. */
bool config_webdriver_own(const struct daemon_config *config,
                          const struct workshop_config *workshop);

/* The first message on a child's channel: {"type": "config", "slug", "document", "key" (the
 * workshop's, hexadecimal), "state_dir", "webdriver_url", "sandbox", "recipe" (if the ERP needs
 * one), "browser_mark" (if it opens browsers: common/ipc/browser_kill.h), "neighbour" (see
 * config_neighbour), "worker": "running" | "stopped" (not there: as the queue says)}. uids_tell
 * adds the user, and the sender may add "maintenance": true, "old_key", "queue", a folder to be
 * used instead of STATE/queues/SLUG (common/ipc/chan.h), and "driver_fd", where the workshop's own
 * WebDriver server connects, with its "webdriver_url". Contains secrets: never log it. The caller
 * owns it. */
json_t *config_slice(const struct daemon_config *config, const struct workshop_config *workshop,
                     const unsigned char *master_key, bool worker_wanted);

/* Adds "old_key": the workshop's key, derived from the master key that is being replaced. */
void config_slice_old_key(json_t *slice, const struct workshop_config *workshop,
                          const unsigned char *old_master_key);

/* Whether the password is sealed: then the workshop's key is needed to open it. */
bool config_password_sealed(const struct workshop_config *workshop);

/* The configured credentials, opened with the workshop's key or the old key (NULL: no rekey is
 * under way); also plain ones and those sealed by an earlier version. 0 with credentials->username
 * NULL if none are configured; -1 if they cannot be opened. */
int config_credentials(const struct workshop_config *workshop, const unsigned char *workshop_key,
                       const unsigned char *old_key, struct credentials *credentials,
                       struct err *err);

/* The secret of the configured callback, opened in the same way: a secret string; NULL with *err if
 * it cannot be opened. */
char *config_callback_secret(const struct workshop_config *workshop,
                             const unsigned char *workshop_key, const unsigned char *old_key,
                             struct err *err);

/* The key that a secret stands for: base64, with or without "whsec_" before it; a text that is
 * neither stands for itself. Returns its length; 0: what follows "whsec_" is not base64. */
size_t config_callback_key(const char *secret, unsigned char key[CONFIG_CALLBACK_SECRET_MAX]);

/* Why a workshop must not be served here, if it was moved to another machine; NULL: it was not. The
 * caller frees it. */
char *config_moved_out(const json_t *document);

/* Whether the slices of two workshops differ only in `active`. */
bool workshop_config_equal(const struct workshop_config *a, const struct workshop_config *b);

/* Whether they differ at most in that and in `api_tokens`, which a running process takes over. */
bool workshop_config_equal_but_tokens(const struct workshop_config *a,
                                      const struct workshop_config *b);

/* Whether what a worker opens in such an ERP (NULL: unknown) outlives the worker (a browser);
 * erp.c. */
bool config_erp_stays_open(const char *system);

/* Whether there is such a system. */
bool config_erp_known(const char *system);

/* Whether an API recipe says how such an ERP is asked. */
bool config_erp_is_api(const char *system);

/* Checks the `erp` object; erp.c. */
void config_erp_check(const json_t *erp, const char *file, struct json_faults *faults);

/* The name or path of the recipe that it names, or that its system stands for; NULL: its system
 * follows none. Borrowed. */
const char *config_erp_recipe_name(const json_t *erp);

/* The recipe that it names, or that its system stands for, read and checked against the given
 * options; NULL: it names none, or there are faults. The caller owns it. */
json_t *config_erp_recipe(const json_t *erp, const char *recipes_dir, const char *file,
                          struct json_faults *faults);

/* The values of the recipe's options: `options`, or members of the erp object itself where the
 * system is another name for the recipe. NULL: none are given. The caller owns it. */
json_t *config_erp_options(const json_t *erp, const json_t *recipe);

/* HOST:PORT/PATH/ of a checked erp object, where its lines are written to; NULL: it has no url. The
 * caller owns it. */
char *config_erp_target(const json_t *erp);

#endif
