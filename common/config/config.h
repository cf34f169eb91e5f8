/* Configuration: pumpline.json and workshops.d/SLUG.json, read, checked, and cut into each
 * workshop's slice.
 *
 * Owns every member's name, type, limit and default (see also erp.c for `erp`). All faults
 * are found at once, each with its file and JSON pointer (RFC 6901). Does not know the ERPs'
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

#define CONFIG_SLUG_MAX 64
#define CONFIG_TOKENS_MAX 1000

struct retry_policy {
    int64_t first_ms, max_ms, give_up_after_ms;
};

/* One workshop. Immutable once loaded. One with faults has what could be read of it, and in any
 * case a slug, a name and an object as its document: it is never started. */
struct workshop_config {
    char slug[CONFIG_SLUG_MAX + 1];
    char name[ORDER_VALUE_MAX + 1];
    bool active;
    char host[256]; /* numeric IPv4, or IPv6 without brackets */
    uint16_t port;
    bool allow_unauthenticated;
    struct retry_policy retry;
    unsigned retention_days;
    unsigned max_in_flight;  /* 0: the driver's default */
    unsigned stop_timeout_s; /* how long a graceful stop waits for the order in hand; default 30 */
    unsigned queue_max_mib;  /* size of the queue's map; default 1024 */
    struct http_limits http; /* of its port */
    const char *user;        /* in document; NULL: one of the daemon's range */
    const char *erp_system;  /* in document; NULL: unknown, where there are faults */
    char *target;            /* what its lines go to, see config_erp_target; owned */
    bool has_credentials;
    json_t *document;            /* the checked file, owned; "password" may be plain or sealed */
    json_t *recipe;              /* of erp.recipe, checked, owned; NULL: the system needs none */
    struct config_faults faults; /* owned */
};

struct daemon_config {
    char control_socket[CONFIG_PATH_MAX];
    char control_group[64]; /* empty: none */
    char state_dir[CONFIG_PATH_MAX];
    char workshops_dir[CONFIG_PATH_MAX];
    char log_dir[CONFIG_PATH_MAX]; /* empty: no files */
    char key_file[CONFIG_PATH_MAX];
    char sandbox[16]; /* required, best-effort, off */
    /* Users of their own for workshops that name none, where the daemon is root. */
    uint32_t uid_first, uid_count;
    json_t *allowed_users; /* names that a workshop's `user` may be besides; NULL: none; owned */
    char webdriver_url[CONFIG_PATH_MAX];
    bool webdriver_shared; /* webdriver_url stands in the file */
    char recipes_dir[CONFIG_PATH_MAX];
    struct http_limits http;            /* of the control socket */
    struct workshop_config **workshops; /* by slug */
    size_t workshop_count;
};

/* Reads path and its workshops_dir (relative paths count from path's folder). NULL with *faults
 * where anything is wrong, nothing is half-loaded. */
struct daemon_config *config_load(const char *path, struct config_faults *faults);

/* The same, but a workshop's faults stay its own: NULL with *faults only where path itself is wrong
 * or the folder can't be read. Of two that clash both have the fault. */
struct daemon_config *config_load_each(const char *path, struct config_faults *faults);
void config_free(struct daemon_config *config);

/* The paths that pumpline.json names, and nothing else of it: whatever else is right or wrong. -1
 * with *err. */
int config_paths(const char *path, struct daemon_config *config, struct err *err);

/* Checks one workshop document (borrowed) for file SLUG.json; a recipe's name is looked for in
 * recipes_dir first (NULL: only among those of the program). NULL with *faults where it is wrong.
 */
struct workshop_config *workshop_config_new(const char *slug, const json_t *document,
                                            const char *recipes_dir, const char *file,
                                            struct config_faults *faults);
void workshop_config_free(struct workshop_config *workshop);

/* The same with the recipe that came with it in a slice: no file is read. */
struct workshop_config *workshop_config_of_slice(const json_t *slice, struct config_faults *faults);

/* The same workshop with another document (borrowed) of the same `erp`, which must be sound: its
 * recipe is taken over, whatever has become of the file. */
struct workshop_config *workshop_config_again(const struct workshop_config *workshop,
                                              const json_t *document);

/* Another of the same content. */
struct workshop_config *workshop_config_copy(const struct workshop_config *workshop);

/* By name or slug; NULL if there is none. */
struct workshop_config *config_find(const struct daemon_config *config, const char *name_or_slug);

/* The document without secrets, for replies: a password becomes {"sealed": true}, a token keeps its
 * scope and name alone. null if there are faults: a secret may then be anywhere in it. */
json_t *workshop_config_public(const struct workshop_config *workshop);

/* The browsers' driver for this workshop: erp.webdriver_url, or else the daemon's. */
const char *config_webdriver_url(const struct daemon_config *config,
                                 const struct workshop_config *workshop);

/* Whether a WebDriver server of its own can serve this workshop: nobody has said where another one
 * is, nor how that reaches the proxy, and its browser is Chromium. */
bool config_webdriver_own(const struct daemon_config *config,
                          const struct workshop_config *workshop);

/* The first message on a child's channel: {"type": "config", "slug", "document", "key" (its own,
 * hexadecimal), "state_dir", "webdriver_url", "sandbox", "recipe" (where the ERP needs one),
 * "browser_mark" (where browsers are opened: common/ipc/browser_kill.h), "neighbour" (see
 * config_neighbour),
 * "worker": "running" | "stopped"}; uids_tell adds who the process is to be, and whoever sends it
 * may add "maintenance": true, "old_key", "queue", a folder to be used instead of
 * STATE/queues/SLUG (common/ipc/chan.h), and "driver_fd", where the workshop's own WebDriver server
 * connects, with its "webdriver_url". Holds secrets: it is never logged. The caller owns it. */
json_t *config_slice(const struct daemon_config *config, const struct workshop_config *workshop,
                     const unsigned char *master_key, bool worker_wanted);

/* Adds "old_key": that workshop's, derived from the master key that is being replaced. */
void config_slice_old_key(json_t *slice, const struct workshop_config *workshop,
                          const unsigned char *old_master_key);

/* Whether the password is sealed: then the workshop's key is needed to open it. */
bool config_password_sealed(const struct workshop_config *workshop);

/* The configured credentials, opened with the workshop's key or the one that it replaces (NULL:
 * none is replaced); plain ones too, and those that an earlier version has sealed. 0 with
 * credentials->username NULL where there are none; -1 where they can't be opened. */
int config_credentials(const struct workshop_config *workshop, const unsigned char *workshop_key,
                       const unsigned char *old_key, struct credentials *credentials,
                       struct err *err);

/* True where two workshops' slices are the same but for `active`. */
bool workshop_config_equal(const struct workshop_config *a, const struct workshop_config *b);

/* Whether what a worker opens in such an ERP (NULL: unknown) outlives the worker (a browser);
 * erp.c. */
bool config_erp_stays_open(const char *system);

/* Whether there is such a system. */
bool config_erp_known(const char *system);

/* The checked `erp` object's faults; erp.c. */
void config_erp_check(const json_t *erp, const char *file, struct config_faults *faults);

/* The recipe that it names, read and checked, with the options it is given; NULL: it names none, or
 * there are faults. The caller owns it. */
json_t *config_erp_recipe(const json_t *erp, const char *recipes_dir, const char *file,
                          struct config_faults *faults);

/* HOST:PORT/PATH/ of a checked erp object, which its lines go to; NULL: it has no url. The caller
 * owns it. */
char *config_erp_target(const json_t *erp);

#endif
