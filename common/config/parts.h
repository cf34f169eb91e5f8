/* Checks of single parts of the configuration, shared by the files of this folder and by code that
 * writes a configuration. */
#ifndef COMMON_CONFIG_PARTS_H
#define COMMON_CONFIG_PARTS_H

#include "common/config/config.h"
#include "common/json/members.h"

/* Like workshop_config_new, but never NULL: a faulty file still takes part in the checks across
 * files, so that all faults are reported at once. recipe: one that was checked before, for the same
 * `erp`; NULL: it is read if there is one, see workshop_config_new. */
struct workshop_config *workshop_config_read(const char *slug, const json_t *document,
                                             json_t *recipe, const char *recipes_dir,
                                             const char *file, struct json_faults *faults);

/* Adds the faults that workshops have in combination, and gives those with conflicting names
 * distinct ones. */
void config_check_together(const struct daemon_config *config);

/* Adds the workshop's conflicts with system users and with the users of other slugs. */
void config_check_against(const struct daemon_config *config,
                          const struct workshop_config *workshop, struct json_faults *faults);

/* Whether erp (NULL: none) says how a browser opened by webdriver_url on another machine reaches
 * the proxy on this one. */
void config_erp_check_proxy(const json_t *erp, const char *webdriver_url, const char *file,
                            struct json_faults *faults);

/* Checks `erp.browser`, if there is one. */
void config_browser_check(const json_t *erp, const struct json_location *location);

/* Whether text is a valid slug: a-z, 0-9 and '-', not first; at most CONFIG_SLUG_MAX bytes. */
bool config_slug_sound(const char *slug);

/* Checks an element of api_tokens, which is an object at `location`. Returns whether it is valid.
 */
bool config_check_token(const json_t *token, const struct json_location *location);

/* Reads `http` (NULL: the defaults) of pumpline.json or of a workshop's file. */
void config_http_read(const json_t *http, bool control, struct http_limits *limits,
                      const struct json_location *location);

/* Checks a workshop's list of hosts or origins. */
void config_http_names(const json_t *document, const char *member,
                       const struct json_location *root);

/* Reads a workshop's `listen`; needs allow_unauthenticated. */
void config_listen_read(struct workshop_config *workshop, const struct json_location *root);

/* Checks `moved_out`, if there is one. */
void config_moved_out_read(const struct workshop_config *workshop,
                           const struct json_location *root);

/* Reads `callback`, if there is one. */
void config_callback_read(struct workshop_config *workshop, const struct json_location *root);

/* Reads and checks a workshop's `max_amount` and `products`. */
void config_rules_read(const json_t *document, struct order_rules *rules,
                       const struct json_location *root);

/* What an exact decimal looks like, for the schema. */
#define CONFIG_DECIMAL_PATTERN "^[0-9]{1,9}(\\.[0-9]+)?$"

/* The members of the files; system: which one the i-th table of `erp` is for. NULL after the last.
 */
const struct json_table *config_daemon_table(void);
const struct json_table *config_workshop_table(void);
const struct json_table *config_http_table(void);
const struct json_table *config_callback_table(void);
const struct json_table *config_moved_out_table(void);
const struct json_table *config_product_table(void);
const struct json_table *config_browser_table(void);
const struct json_table *config_erp_table(size_t i, const char **system);

#endif
