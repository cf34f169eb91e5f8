/* What the files of this folder, and whoever writes a configuration, share: the checks of single
 * parts of it. */
#ifndef COMMON_CONFIG_PARTS_H
#define COMMON_CONFIG_PARTS_H

#include "common/config/config.h"
#include "common/json/members.h"

/* As workshop_config_new, but never NULL: a file with faults still counts in the checks across
 * files, so that all faults are found at once. recipe is one that has been checked before, for the
 * same `erp`; NULL: it is read, where there is one, see workshop_config_new. */
struct workshop_config *workshop_config_read(const char *slug, const json_t *document,
                                             json_t *recipe, const char *recipes_dir,
                                             const char *file, struct config_faults *faults);

/* Adds to each workshop's faults those that it has together with the others, and names apart those
 * that clash. */
void config_check_together(const struct daemon_config *config);

/* Adds the faults that the workshop has together with the system's users and with those of other
 * slugs. */
void config_check_against(const struct daemon_config *config,
                          const struct workshop_config *workshop, struct config_faults *faults);

/* Whether erp (NULL: none) says how a browser that webdriver_url opens on another machine reaches
 * the proxy on this one. */
void config_erp_check_proxy(const json_t *erp, const char *webdriver_url, const char *file,
                            struct config_faults *faults);

/* The slug of a file or a new workshop: a-z, 0-9 and '-', not first; at most CONFIG_SLUG_MAX. */
bool config_slug_sound(const char *slug);

/* An element of api_tokens, which is an object; place is its own. Returns whether it is sound. */
bool config_check_token(const json_t *token, const struct config_location *location);

/* Reads `http` (NULL: the defaults) of the daemon's own file, or of a workshop's. */
void config_http_read(const json_t *http, bool control, struct http_limits *limits,
                      const struct config_location *location);

/* Checks a workshop's list of hosts or origins. */
void config_http_names(const json_t *document, const char *member,
                       const struct config_location *root);

/* What the files may have; system: which the i-th table of `erp` is for. NULL behind the last. */
const struct config_table *config_daemon_table(void);
const struct config_table *config_workshop_table(void);
const struct config_table *config_http_table(void);
const struct config_table *config_erp_table(size_t i, const char **system);

#endif
